// rocks_load.h: a BulkLoad on RocksDB: what was added, sorted on disk, and the tables that come of it.
//
//   RocksLoad load(database, "/data/load-1", names, ChangeOp::kTouch);
//   load.Add(relationship);
//   load.Build(head, request, now);              // tables of that write, on top of `head`
//   load.Ingest();                               // the commit
//
// Threads     One thread at a time.
// Ownership   Shares the database. Its directory goes with it.
// Errors      As BulkLoad and Write (tuple_store.h).
#ifndef MANDATE_STORAGE_ROCKS_LOAD_H_
#define MANDATE_STORAGE_ROCKS_LOAD_H_

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/commit.h"
#include "storage/sorted_spill.h"
#include "storage/table_writer.h"
#include "storage/tuple_store.h"

namespace mandate {

class RocksLoad : public BulkLoad {
 public:
  RocksLoad(std::shared_ptr<RocksDatabase> database, std::string directory, std::shared_ptr<const NameTable> names,
            ChangeOp op);
  ~RocksLoad() override;

  absl::Status Add(const Relationship& relationship, uint64_t position) override;
  uint64_t size() const override { return size_; }
  const std::optional<Relationship>& refused() const override { return refused_; }
  bool Of(const RocksDatabase& database) const { return database_.get() == &database; }

  // Judges the request, this load in it, as the next write on top of `head`, and writes its tables. What an earlier
  // Build made goes.
  absl::Status Build(const TupleSnapshot& head, const WriteRequest& request, absl::Time now);

  // True if what was built is the write that comes next.
  // Whether the tables are what a commit at this moment would make: the state is the same, and nothing that they go on
  // from has expired meanwhile.
  bool Holds(const TupleSnapshot& head, absl::Time now) const {
    return group_ && built_on_ == head.revision() && now < steady_until_;
  }
  const CommitGroup& group() const { return *group_; }  // REQUIRES: built.

  // Adds all tables to the database in one step, durably. REQUIRES: it Holds() of its newest state, and nobody else writes.
  absl::Status Ingest();

 private:
  struct Pass;
  absl::Status BuildPass(Pass* pass);
  absl::Status BuildRow(Pass* pass, std::string_view key, std::string_view value);
  void NoteExpiry(const std::optional<Edge>& before, absl::Time now);
  absl::Status NoteChange(Pass* pass, std::string_view key, const std::optional<Edge>& before, const Edge& edge,
                          std::string_view encoded);
  absl::Status EndPart(Pass* pass);
  absl::Status BuildMeta(SortedSpill* expiries);
  absl::Status Refuse(const Pass& pass, std::string_view key,
                      const std::function<absl::Status(const Relationship&)>& refusal);
  void KeepTables(Family family, const TableWriter& writer);
  void DropTables();

  const std::shared_ptr<RocksDatabase> database_;
  const std::string directory_;
  const std::shared_ptr<const NameTable> names_;
  const ChangeOp op_;
  SortedSpill forward_, reverse_;
  uint64_t size_ = 0;
  std::optional<Relationship> refused_;

  std::optional<CommitGroup> group_;  // What Build accepted.
  Revision built_on_;
  absl::Time steady_until_ = absl::InfiniteFuture();  // The first expiry of what was stored and is touched.
  std::array<std::vector<std::string>, kFamilies> tables_;
};

// Loads lie in directories of the database's own, which begin with this.
inline constexpr std::string_view kLoadPrefix = "load-";

// Removes what a process that died left of its loads. REQUIRES: `directory` is this process's database.
void RemoveLeftLoads(rocksdb::Env* env, const std::string& directory);

}  // namespace mandate

#endif  // MANDATE_STORAGE_ROCKS_LOAD_H_
