// The changelog, read on behind what was sent, and the commit itself wakes who waits. Nothing is kept for a watcher
// but its place, so a slow one costs the server nothing and loses nothing: it is told to come back, and goes on where
// it was.
//
// Why every change is seen once and in order: the changelog has one record for each revision (several of a load),
// written by the commit itself; a watcher reads the records behind its place in their order, from a snapshot of the
// newest state, and its place moves only past a record that it has dealt with. WaitBeyond returns at once if a newer
// revision is there already, so no commit between the reading and the waiting is slept through.
#include "service/change_feed.h"

#include "check/budget.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/token.h"

namespace mandate {
namespace {

// Of one message; a commit that has more is sent in several.
constexpr size_t kChangesPerMessage = 1000;

// Records that are read together: their changes are in memory meanwhile.
constexpr size_t kRecordsPerRead = 64;

// How often a watcher that waits looks whether anybody still listens.
constexpr absl::Duration kLookEvery = absl::Milliseconds(250);

constexpr absl::Duration kCheckpointEvery = absl::Seconds(1);

// A watcher that takes longer than this for one message, and is this many commits behind when it has it, is told so.
constexpr absl::Duration kSlowMessage = absl::Seconds(10);
constexpr uint64_t kCommitsBehindMax = 10'000;

class Feed {
 public:
  Feed(const Database& database, const FeedOptions& options, FeedSink* sink)
      : database_(database),
        options_(options),
        sink_(*sink),
        after_(options.after),
        place_(options.after),
        checkpoint_at_(absl::Now() + kCheckpointEvery) {}

  // Everything that is there. CANCELLED once nobody listens.
  absl::Status SendNews() {
    for (;;) {
      auto records = database_.store().Changes(place_, kRecordsPerRead);
      if (!records.ok()) return records.status();
      for (const ChangeRecord& record : *records) {
        if (absl::Status status = SendRecord(record); !status.ok()) return status;
        if (record.continues) {
          place_ = {record.revision, record.part};
        } else {
          place_ = after_ = record.revision;
        }
      }
      if (records->size() < kRecordsPerRead) return Checkpoint();
    }
  }

  Revision after() const { return after_; }

 private:
  absl::Status SendRecord(const ChangeRecord& record) {
    FeedPart part{.record = &record,
                  .changes = {},
                  .schema_changed = record.schema_changed && options_.schema_changes,
                  .resume = after_,
                  .continues = true};
    const auto send = [&] {
      told_ = part.continues;
      absl::Status status = Send(part);
      part.changes.clear();
      return status;
    };
    for (const CommittedChange& change : record.changes) {
      if (!LetThrough(change)) continue;
      if (part.changes.size() == kChangesPerMessage) {
        if (absl::Status status = send(); !status.ok()) return status;
      }
      part.changes.push_back(&change);
    }
    if (record.continues) return part.changes.empty() ? absl::OkStatus() : send();
    // Whoever was told a part of the commit is told its end, if only that it is the end.
    if (part.changes.empty() && !part.schema_changed && !told_) return absl::OkStatus();
    part.resume = record.revision;
    part.continues = false;
    return send();
  }

  absl::Status Send(const FeedPart& part) {
    const absl::Time began = absl::Now();
    if (!sink_.Send(part)) return CallerGone();
    checkpoint_at_ = absl::Now() + kCheckpointEvery;
    const uint64_t behind = database_.store().Head()->revision().value() - after_.value();
    if (absl::Now() - began > kSlowMessage && behind > kCommitsBehindMax) {
      return WithReason(absl::ResourceExhaustedError(Cat("this watcher is ", behind,
                                                         " commits behind and takes them more "
                                                         "slowly than they are written; watch again behind the last "
                                                         "token, with a narrower filter or a faster reader")),
                        "WATCH_TOO_SLOW");
    }
    return absl::OkStatus();
  }

  absl::Status Checkpoint() {
    if (!options_.checkpoints || absl::Now() < checkpoint_at_) return absl::OkStatus();
    checkpoint_at_ = absl::Now() + kCheckpointEvery;
    return sink_.Checkpoint(after_) ? absl::OkStatus() : CallerGone();
  }

  bool LetThrough(const CommittedChange& change) const {
    if (!options_.relationships || (change.expired && !options_.expirations)) return false;
    if (options_.filters.empty()) return true;
    for (const TupleFilter& filter : options_.filters) {
      if (filter.Matches(change.relationship)) return true;
    }
    return false;
  }

  const Database& database_;
  const FeedOptions& options_;
  FeedSink& sink_;
  Revision after_;     // Everything up to here was dealt with,
  ChangePlace place_;  // and maybe some parts of the next.
  bool told_ = false;  // A part of the next was sent.
  absl::Time checkpoint_at_;
};

}  // namespace

absl::StatusOr<Revision> FeedStart(const TupleStore& store, const std::string* token, const std::string& field) {
  if (token == nullptr) return store.Head()->revision();
  auto after = DecodeToken(store.database_id(), *token);
  if (!after.ok()) return WithField(after.status(), field);
  auto in_window = store.Changes(*after, 0);
  if (!in_window.ok()) return WithField(in_window.status(), field);
  return *after;
}

absl::Status FollowChanges(const Database& database, const FeedOptions& options, const std::function<bool()>& go_on,
                           FeedSink* sink) {
  Feed feed(database, options, sink);
  while (go_on()) {
    if (absl::Status status = feed.SendNews(); !status.ok()) return status;
    database.store().WaitBeyond(feed.after(), ~uint64_t{0}, kLookEvery);
  }
  return absl::OkStatus();
}

}  // namespace mandate
