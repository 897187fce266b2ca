// client.h: mandate.v1 as a client program sees it, in values.
//
//   Client client("localhost:50051");
//   absl::StatusOr<Client::Checked> checked = client.Check(question, "");
//
// Threads     Safe to share.
// Errors      The server's, with reason and field (reason.h); UNAVAILABLE when nobody answers at the address.
#ifndef MANDATE_SERVICE_CLIENT_H_
#define MANDATE_SERVICE_CLIENT_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "check/answer.h"
#include "check/expand.h"
#include "check/lookup.h"
#include "check/question.h"
#include "schema/compiler.h"
#include "service/endpoint.h"
#include "storage/tuple_store.h"

namespace mandate {

class Client {
 public:
  // Connects on the first call. `server` is HOST:PORT.
  explicit Client(const Endpoint& server);
  ~Client();

  // `json` is the server's response in the JSON form of protobuf, on one line.
  struct Written {
    std::string token;
    std::string json;
  };
  struct SchemaWritten {
    std::string token;                 // Empty after a dry run.
    std::vector<Diagnostic> findings;  // Warnings; on a refusal the errors.
    std::string json;
  };
  struct SchemaRead {
    std::string schema;
    std::string token;
    std::string json;
  };
  struct Checked {
    Answer answer;
    std::string token;
    std::string json;
  };
  struct LookedUp {
    std::vector<Found> found;
    std::string cursor;  // Behind the last of them; empty when nothing was found.
    std::string token;
    std::string json;
  };
  struct ReadRow {
    Relationship relationship;
    Revision written;  // As in Edge (storage/snapshot.h).
    Revision born;
    std::string json;
  };
  struct Expanded {
    std::vector<ExpandNode> nodes;
    std::string token;
    std::string json;
  };

  // `findings` gets the errors when the text is refused as wrong.
  absl::StatusOr<SchemaWritten> WriteSchema(const std::string& text, const std::vector<std::string>& drops,
                                            bool dry_run, std::vector<Diagnostic>* findings);
  absl::StatusOr<SchemaRead> ReadSchema(const std::string& at_token);

  absl::StatusOr<Written> Write(const std::vector<TupleChange>& changes);
  absl::Status Read(const TupleFilter& filter, const std::string& at_token, uint32_t limit,
                    const std::function<void(const ReadRow&)>& visit);

  // An empty `at_token` asks at the newest revision, another one at exactly its revision.
  absl::StatusOr<Checked> Check(const CheckQuestion& question, const std::string& at_token);
  absl::StatusOr<Expanded> Expand(const ExpandQuestion& question, const std::string& at_token);

  // Calls `visit` with each message as it comes. `limit` 0: all; `cursor` empty: from the start.
  struct Page {
    uint32_t limit = 0;
    std::string cursor;
    std::string at_token;
  };
  using LookupVisitor = std::function<void(const LookedUp&)>;
  absl::Status LookupResources(const ResourcesQuestion& question, const Page& page, const LookupVisitor& visit);
  absl::Status LookupSubjects(const SubjectsQuestion& question, const Page& page, const LookupVisitor& visit);

 private:
  struct Stubs;
  std::unique_ptr<Stubs> stubs_;
};

}  // namespace mandate

#endif  // MANDATE_SERVICE_CLIENT_H_
