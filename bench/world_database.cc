#include "bench/world_database.h"

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "schema/text.h"
#include "service/database/bulk.h"

namespace mandate {
namespace {

void Must(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << "the world could not be made: " << status << "\n";
  std::exit(1);
}

}  // namespace

WorldDatabase::WorldDatabase(const World& world, Home home, const DatabaseOptions& options) : options_(options) {
  options_.store.in_memory = home == Home::kMemory;
  if (home == Home::kDisk) {
    scratch_ = (std::filesystem::temp_directory_path() / "mandate-bench-XXXXXX").string();
    if (mkdtemp(scratch_.data()) == nullptr) Must(absl::InternalError("no temporary directory"));
    options_.directory = scratch_ + "/db";
  }
  Open();
  Must(database_->WriteSchema(world.schema(), {}, DryRun::kNo, nullptr).status());
  RelationshipImport import(database_.get(), ChangeOp::kTouch);
  world.Generate([&](Relationship relationship) { Must(import.Add(std::move(relationship))); });
  relationships_ = import.size();
  Must(import.Commit().status());
}

WorldDatabase::~WorldDatabase() {
  database_.reset();
  if (!scratch_.empty()) std::filesystem::remove_all(scratch_);
}

void WorldDatabase::Open() {
  auto database = Database::Open(options_);
  Must(database.status());
  database_ = *std::move(database);
}

void WorldDatabase::Reopen() {
  database_.reset();
  Open();
}

}  // namespace mandate
