// bulk_client.h: many relationships in and out of a server, as a client program sees it, in values.
//
//   BulkClient client("localhost:50051");
//   auto stream = client.Import(ChangeOp::kTouch);
//   while (stream->Send(more)) more = Next();                 // false: the server ended it, Finish says why
//   absl::StatusOr<BulkClient::Imported> imported = stream->Finish();
//
// Threads     A BulkClient is safe to share; a stream belongs to one thread.
// Ownership   The client outlives its streams.
// Errors      The server's, with reason and field (reason.h); UNAVAILABLE when nobody answers at the address.
#ifndef MANDATE_SERVICE_BULK_CLIENT_H_
#define MANDATE_SERVICE_BULK_CLIENT_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/endpoint.h"
#include "storage/tuple_store.h"

namespace mandate {

class BulkClient {
 public:
  // Connects on the first call. `server` is HOST:PORT.
  explicit BulkClient(const Endpoint& server);
  ~BulkClient();

  struct Imported {
    uint64_t count = 0;
    std::string token;
  };

  // What is sent is written at one revision by Finish, or not at all. Let go unfinished, it writes nothing.
  class ImportStream {
   public:
    virtual ~ImportStream() = default;
    virtual bool Send(const std::vector<Relationship>& relationships) = 0;
    virtual absl::StatusOr<Imported> Finish() = 0;
  };
  // REQUIRES: `op` creates or touches.
  std::unique_ptr<ImportStream> Import(ChangeOp op);

  // Everything that matches, in the store's order; `visit` returns false to end it. Behind `cursor`, unless that is
  // empty; an empty `at_token` means the newest revision, which each page then names.
  struct Page {
    std::vector<Relationship> relationships;
    std::string cursor;
    std::string token;
  };
  absl::Status Export(const std::optional<TupleFilter>& filter, const std::string& at_token, const std::string& cursor,
                      const std::function<bool(Page&)>& visit);

  // One write of at most kUpdatesMax changes and as many preconditions, whole or not at all; the token of its
  // revision. `metadata` is a JSON object in compact form, or empty.
  static constexpr size_t kUpdatesMax = 1000;
  absl::StatusOr<std::string> Write(const std::vector<TupleChange>& changes,
                                    const std::vector<Precondition>& preconditions, const std::string& metadata);

 private:
  struct Stub;
  class Stream;
  std::unique_ptr<Stub> stub_;
};

}  // namespace mandate

#endif  // MANDATE_SERVICE_BULK_CLIENT_H_
