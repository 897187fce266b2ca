// change_feed.h: the changelog as it grows, commit by commit, for whoever watches; both APIs send from it.
//
//   auto after = FeedStart(database.store(), token, "after.token");
//   absl::Status end = FollowChanges(database, {.after = *after}, [&] { return !stopping; }, &sink);
//
// Threads     One feed on one thread.
// Ownership   The database outlives the call.
// Errors      CANCELLED once the sink takes no more; RESOURCE_EXHAUSTED (WATCH_TOO_SLOW); those of Changes(). OK once
//             `go_on` says no.
#ifndef MANDATE_SERVICE_CHANGE_FEED_H_
#define MANDATE_SERVICE_CHANGE_FEED_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/database/database.h"

namespace mandate {

struct FeedOptions {
  std::vector<TupleFilter> filters;  // Joined by OR; none: every relationship.
  Revision after;
  bool relationships = true;
  bool expirations = true;  // Deletions by expiry, too.
  bool schema_changes = false;
  bool checkpoints = false;  // About once a second while there is nothing else.
};

// One commit, or a part of one that has many changes.
struct FeedPart {
  const ChangeRecord* record;
  std::vector<const CommittedChange*> changes;
  bool schema_changed = false;  // And it was asked for.
  Revision resume;              // Watching behind this loses nothing: a part of a commit resumes at its beginning.
  bool continues = false;       // More of the commit follows.
};

class FeedSink {
 public:
  virtual ~FeedSink() = default;
  // False: nobody listens any more.
  virtual bool Send(const FeedPart& part) = 0;
  virtual bool Checkpoint(Revision through) = 0;
};

// What a client's token says, or the newest revision for a null one. Errors are placed at `field`.
absl::StatusOr<Revision> FeedStart(const TupleStore& store, const std::string* token, const std::string& field);

absl::Status FollowChanges(const Database& database, const FeedOptions& options, const std::function<bool()>& go_on,
                           FeedSink* sink);

}  // namespace mandate

#endif  // MANDATE_SERVICE_CHANGE_FEED_H_
