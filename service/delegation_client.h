// delegation_client.h: DelegationService of mandate.v1 as a client program sees it, in values.
//
//   DelegationClient client("localhost:50051");
//   absl::StatusOr<DelegationClient::Authorized> outcome = client.Authorize(call);
//   if (outcome.ok() && outcome->allowed) Act();
//
// Threads     Safe to share.
// Errors      The server's, with reason and field (reason.h); UNAVAILABLE when nobody answers at the address.
#ifndef MANDATE_SERVICE_DELEGATION_CLIENT_H_
#define MANDATE_SERVICE_DELEGATION_CLIENT_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "check/authorize.h"
#include "check/describe_authority.h"
#include "service/delegation_calls.h"
#include "service/endpoint.h"
#include "storage/ledger.h"

namespace mandate {

// Which entries of the ledger: those of which each that is set is so.
struct LedgerQuery {
  std::optional<ObjectRef> session;
  std::optional<ObjectRef> task;  // On the chain, at any place; so is the agent.
  std::optional<ObjectRef> agent;
  std::optional<ObjectRef> principal;
  std::optional<ObjectRef> resource;
  std::optional<Decision> decision;
  absl::Time since = absl::InfinitePast();    // From this moment on,
  absl::Time until = absl::InfiniteFuture();  // and before that one.
  uint64_t after = 0;                         // Only behind this entry.
  uint32_t limit = 0;                         // 0: all.
  bool json = false;                          // Pages are to carry their JSON.
};

class DelegationClient {
 public:
  // Connects on the first call. `server` is HOST:PORT.
  explicit DelegationClient(const Endpoint& server);
  ~DelegationClient();

  // `json` is the server's response in the JSON form of protobuf, on one line.
  struct Delegated {
    ObjectRef task;
    std::vector<std::pair<SubjectRef, std::string>> warnings;  // Items through which nothing will be allowed, and why.
    std::string token;
    std::string json;
  };
  absl::StatusOr<Delegated> Delegate(const DelegateCall& call);

  struct Opened {
    ObjectRef session;
    std::string token;
    std::string json;
  };
  absl::StatusOr<Opened> OpenSession(const OpenSessionCall& call);

  struct Closed {
    std::string token;
    std::string json;
  };
  absl::StatusOr<Closed> CloseSession(const ObjectRef& session);

  struct Authorized {
    bool allowed = false;
    std::vector<Answer> answers;      // One an action, up to the first that is not allowed.
    std::vector<uint64_t> sequences;  // Of the ledger's entries: one an action if all are allowed, else the refusal's.
    bool repeated = false;            // The answer to an earlier call with the same key.
    std::string token;
    std::string json;
  };
  absl::StatusOr<Authorized> Authorize(const AuthorizeCall& call);
  // All or none. REQUIRES: the actions are of one session, with one key or none and the same claims; there is one.
  absl::StatusOr<Authorized> AuthorizeBatch(const std::vector<AuthorizeCall>& plan);

  struct Approved {
    uint64_t sequence = 0;
    ObjectRef root_task;
    std::string json;
  };
  absl::StatusOr<Approved> Approve(const ApproveCall& call);

  struct Revoked {
    uint64_t removed = 0;
    std::string token;
    std::string json;
  };
  absl::StatusOr<Revoked> Revoke(const RevokeCall& call);

  // Of an agent with its task, or of a session. An empty `at_token`: at the newest revision.
  struct Described {
    Authority authority;
    std::string token;
    std::string json;
  };
  absl::StatusOr<Described> DescribeAuthority(const AuthorityQuestion& question, const std::string& at_token);

  struct LedgerDescribed {
    LedgerHead head;
    std::string database_id;  // In hex.
    std::string json;
  };
  absl::StatusOr<LedgerDescribed> DescribeLedger();

  // Calls `visit` with each message as it comes, until it returns false. Records carry no terms.
  struct LedgerPage {
    std::vector<LedgerRecord> records;
    std::string json;
  };
  using LedgerVisitor = std::function<bool(const LedgerPage&)>;
  absl::Status ReadLedger(const LedgerQuery& query, const LedgerVisitor& visit);
  // The same, and then every entry as it is recorded, until `visit` returns false or the server stops.
  absl::Status WatchLedger(const LedgerQuery& query, const LedgerVisitor& visit);

  struct LedgerReplayed {
    Answer recorded;
    Answer replayed;
    std::vector<std::string> differences;  // Empty: all came out as it was recorded.
    std::string json;
  };
  absl::StatusOr<LedgerReplayed> ReplayLedger(uint64_t sequence);

 private:
  struct Stubs;
  std::unique_ptr<Stubs> stubs_;
};

}  // namespace mandate

#endif  // MANDATE_SERVICE_DELEGATION_CLIENT_H_
