// drive_world.h: a world like a shared drive, and the same with agents.
//
//   folder:f0 <- folder:f0-0 <- ... five deep; documents in the deepest
//   the top folder is shared with a department, which holds teams, which hold groups, which hold people
//   some documents are shared with people directly, some folders with teams
//
// With agents, each acts for a person and has ten tasks whose scope is the person's top folder, a session each; the
// last two tasks were handed on, to a sub-agent and from that to another.
#ifndef MANDATE_BENCH_DRIVE_WORLD_H_
#define MANDATE_BENCH_DRIVE_WORLD_H_

#include <string>

#include "bench/world.h"

namespace mandate {

struct DriveWorldSize {
  int top_folders = 10;
  int folders_in_folder = 6;    // 10 * (1 + 6 + 36 + 216 + 1296) = 15,550 folders, five deep
  int documents_in_leaf = 55;   // in 12,960 deepest folders: 712,800 documents
  int viewers_in_document = 0;  // Besides every fifth document's one.
  int people = 50'000;
  int people_in_group = 25;  // 2,000 groups in 200 teams in 10 departments

  // At 1: a million documents, 2.4 million relationships.
  static DriveWorldSize Scaled(double scale);
};

class DriveWorld : public World {
 public:
  explicit DriveWorld(const DriveWorldSize& size) : size_(size) {}

  std::string schema() const override;
  void Generate(const Sink& add) const override;
  WorldQuestion Question(uint64_t n) const override;
  Relationship Extra(uint64_t n) const override;
  CheckQuestion ExtraQuestion(uint64_t n) const override;

  // Questions with a known answer, drawn by `n`.
  CheckQuestion DirectlyShared(uint64_t n) const;   // allowed: the person is a viewer of the document itself
  CheckQuestion ThroughFolders(uint64_t n) const;   // allowed: five folders up, three groups down
  CheckQuestion OtherDepartment(uint64_t n) const;  // denied: every folder on the way was looked at

 protected:
  uint64_t departments() const { return static_cast<uint64_t>(size_.top_folders); }
  std::string DocumentIn(uint64_t department, uint64_t n) const;
  std::string Person(uint64_t department, uint64_t n) const;

 private:
  const DriveWorldSize size_;
};

class AgentsWorld final : public DriveWorld {
 public:
  AgentsWorld(const DriveWorldSize& size, uint64_t agents) : DriveWorld(size), agents_(agents) {}

  std::string schema() const override;
  void Generate(const Sink& add) const override;
  WorldQuestion Question(uint64_t n) const override;  // Of sessions, a fifth of them of sub-agents.
  bool is_plain() const override { return false; }

  CheckQuestion BySession(uint64_t n) const;   // allowed: ThroughFolders, delegated
  CheckQuestion BySubAgent(uint64_t n) const;  // allowed: the same, handed on twice

  static constexpr uint64_t kTasksOfAgent = 10;

 private:
  CheckQuestion OfTask(uint64_t n, uint64_t task) const;
  const uint64_t agents_;
};

}  // namespace mandate

#endif  // MANDATE_BENCH_DRIVE_WORLD_H_
