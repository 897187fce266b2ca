// drive_world.h: a world like a shared drive: one million relationships on disk.
//
//   folder:f0 <- folder:f0-0 <- ... five deep; documents in the deepest
//   the top folder is shared with a department, which holds teams, which hold groups, which hold people
//   some documents are shared with people directly, some folders with teams
//   every user has an assistant, one task whose scope is the user's top folder, and one session of it
//
// Ownership   The world removes its directory when it ends.
#ifndef MANDATE_BENCH_DRIVE_WORLD_H_
#define MANDATE_BENCH_DRIVE_WORLD_H_

#include <memory>
#include <string>

#include "service/database/database.h"

namespace mandate {

struct DriveWorldSize {
  int top_folders = 10;
  int folders_in_folder = 6;   // 10 * (1 + 6 + 36 + 216 + 1296) = 15,550 folders, five deep
  int documents_in_leaf = 55;  // in 12,960 deepest folders: 712,800 documents
  int people = 50'000;
  int people_in_group = 25;    // 2,000 groups in 200 teams in 10 departments
};

class DriveWorld {
 public:
  explicit DriveWorld(const DriveWorldSize& size);
  ~DriveWorld();

  Database& database() { return *database_; }
  size_t relationships() const { return relationships_; }

  // Questions with a known answer, drawn by `n`.
  CheckQuestion DirectlyShared(uint64_t n) const;   // allowed: the person is a viewer of the document itself
  CheckQuestion ThroughFolders(uint64_t n) const;   // allowed: five folders up, three groups down
  CheckQuestion OtherDepartment(uint64_t n) const;  // denied: every folder on the way was looked at
  CheckQuestion BySession(uint64_t n) const;        // allowed: ThroughFolders, delegated

 private:
  std::string Document(uint64_t n) const;
  std::string Person(uint64_t department, uint64_t n) const;
  void Write();

  DriveWorldSize size_;
  std::string directory_;
  std::unique_ptr<Database> database_;
  size_t relationships_ = 0;
};

}  // namespace mandate

#endif  // MANDATE_BENCH_DRIVE_WORLD_H_
