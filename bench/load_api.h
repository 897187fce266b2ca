// load_api.h: what a load generator asks a server, whichever API it speaks: blocking calls, one at a time.
//
//   auto api = ConnectLoadApi("authzed", "localhost:50051", "secret");
//   auto allowed = api->Check({&question}, "");            // one call
//
// Threads     One thread each.
// Errors      Those of the server, by gRPC's code; UNIMPLEMENTED for an API without such a call.
#ifndef MANDATE_BENCH_LOAD_API_H_
#define MANDATE_BENCH_LOAD_API_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/world.h"

namespace mandate {

class LoadApi {
 public:
  virtual ~LoadApi() = default;
  virtual absl::Status WriteSchema(const std::string& schema) = 0;
  // The whole world in one stream; `progress` hears of how many were sent.
  virtual absl::StatusOr<uint64_t> Import(const World& world, const std::function<void(uint64_t)>& progress) = 0;
  // Touches or deletes all at once; the token of that.
  virtual absl::StatusOr<std::string> Write(const std::vector<Relationship>& rows, bool remove) = 0;
  // Whether each is allowed; one question is a call of the single kind. At least as fresh as `token`; empty: as the
  // server likes.
  virtual absl::StatusOr<std::vector<bool>> Check(const std::vector<const CheckQuestion*>& questions,
                                                  const std::string& token) = 0;
  // All resources of the question's type that its subject has its permission for.
  virtual absl::Status LookupResources(const CheckQuestion& question, const std::function<void()>& found) = 0;
};

// `api`: `mandate` or `authzed`; `token`: empty: none.
std::unique_ptr<LoadApi> ConnectLoadApi(const std::string& api, const std::string& server, const std::string& token);

// A watcher of all changes, until it ends.
class LoadWatch {
 public:
  virtual ~LoadWatch() = default;
  virtual uint64_t changes() const = 0;  // That it was told so far.
};
std::unique_ptr<LoadWatch> WatchAll(const std::string& api, const std::string& server, const std::string& token);

}  // namespace mandate

#endif  // MANDATE_BENCH_LOAD_API_H_
