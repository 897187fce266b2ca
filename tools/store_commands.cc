#include "tools/store_commands.h"

#include <unistd.h>

#include <iostream>

#include "absl/time/clock.h"
#include "nlohmann/json.hpp"
#include "schema/text.h"
#include "service/admin_client.h"
#include "storage/backup.h"
#include "storage/store_check.h"
#include "storage/tuple_store.h"
#include "tools/exit_code.h"
#include "tools/revert.h"

namespace mandate {
namespace {

using Json = nlohmann::ordered_json;

std::string UtcText(absl::Time time) { return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone()); }

// `12.3 MiB`; exact below a KiB.
std::string Bytes(uint64_t bytes) {
  constexpr const char* kUnits[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(kUnits); ++unit) value /= 1024;
  char text[32];
  snprintf(text, sizeof text, unit == 0 ? "%.0f" : "%.1f", value);
  return Cat(text, " ", kUnits[unit]);
}

Json ToJson(const BackupInfo& backup) {
  return {{"id", backup.id},
          {"created_at", UtcText(backup.created_at)},
          {"bytes", backup.bytes},
          {"database_id", backup.database_id},
          {"revision", backup.head.value()}};
}

std::string Line(const BackupInfo& backup) {
  return Cat("backup ", backup.id, "  ", UtcText(backup.created_at), "  revision ", backup.head.value(), "  ",
             Bytes(backup.bytes), "  database ", backup.database_id, "\n");
}

}  // namespace

int MakeBackup(const ClientOptions& client) {
  auto made = AdminClient(client.server).MakeBackup();
  if (!made.ok()) return Fail(made.status());
  if (client.json) {
    std::cout << made->json << "\n";
  } else {
    std::cout << "backup " << made->id << " made, " << Bytes(made->bytes) << " with what it shares, up to token "
              << made->token << "\n";
  }
  return kExitOk;
}

int CompactStore(const ClientOptions& client) {
  auto done = AdminClient(client.server).Compact();
  if (!done.ok()) return Fail(done.status());
  if (client.json) {
    std::cout << done->json << "\n";
  } else {
    std::cout << "tables rewritten: " << Bytes(done->bytes_before) << " before, " << Bytes(done->bytes_after)
              << " now\n";
  }
  return kExitOk;
}

int ShowStats(const ClientOptions& client) {
  auto stats = AdminClient(client.server).ReadStats();
  if (!stats.ok()) return Fail(stats.status());
  if (client.json) {
    std::cout << stats->json << "\n";
    return kExitOk;
  }
  std::cout << "database       " << stats->database_id << "\n"
            << "revision       " << stats->revision << ", token " << stats->token << "\n"
            << "oldest to ask  revision " << stats->oldest_revision << "\n"
            << "relationships  about " << stats->relationships_estimate << "\n"
            << "on disk        " << Bytes(stats->disk_bytes) << "\n"
            << "ledger         " << stats->ledger_sequence << " entries\n"
            << "memory         " << Bytes(stats->memory_bytes) << "\n"
            << "serving since  " << UtcText(stats->started_at) << "\n"
            << "answers        " << stats->allowed << " allowed, " << stats->denied << " denied, " << stats->conditional
            << " conditional, " << stats->failed << " failed\n";
  return kExitOk;
}

int ListBackups(const BackupOptions& options) {
  auto backups = ListBackups(options.directory);
  if (!backups.ok()) return Fail(backups.status());
  if (options.json) {
    Json list = Json::array();
    for (const BackupInfo& backup : *backups) list.push_back(ToJson(backup));
    std::cout << Json{{"backups", list}}.dump() << "\n";
    return kExitOk;
  }
  for (const BackupInfo& backup : *backups) std::cout << Line(backup);
  if (backups->empty()) std::cout << "no backups in " << options.directory << "\n";
  return kExitOk;
}

int VerifyBackups(const BackupOptions& options) {
  auto backup = VerifyBackup(options.directory, options.id);
  if (!backup.ok()) return Fail(backup.status());
  if (options.json) {
    std::cout << ToJson(*backup).dump() << "\n";
  } else {
    std::cout << Line(*backup) << "it has the bytes that were written\n";
  }
  return kExitOk;
}

int DeleteBackups(const BackupOptions& options) {
  auto deleted = DeleteOldBackups(options.directory, options.keep);
  if (!deleted.ok()) return Fail(deleted.status());
  if (options.json) {
    std::cout << Json{{"deleted", *deleted}}.dump() << "\n";
  } else {
    std::cout << *deleted << (*deleted == 1 ? " backup" : " backups") << " deleted\n";
  }
  return kExitOk;
}

int RestoreStore(const RestoreOptions& options) {
  Reverted reverted;
  const auto revert = [&](const std::string& unfinished) {
    if (options.revision == 0) return absl::OkStatus();
    auto store = OpenRocksStore(unfinished, {});
    if (!store.ok()) return store.status();
    auto done = RevertTo(store->get(), Revision(options.revision), options.drops);
    if (done.ok()) reverted = *done;
    return done.status();
  };
  const auto restored = RestoreBackup(options.from, options.id, options.to, revert);
  if (!restored.ok()) return Fail(restored.status());
  if (options.revision == 0) reverted.revision = *restored;
  if (options.json) {
    std::cout
        << Json{{"data", options.to},          {"revision", reverted.revision.value()}, {"written", reverted.written},
                {"deleted", reverted.deleted}, {"not_revived", reverted.not_revived},   {"schema", reverted.schema}}
               .dump()
        << "\n";
    return kExitOk;
  }
  std::cout << "restored into " << options.to << ", which goes on at revision " << reverted.revision.value() << "\n";
  if (options.revision == 0) return kExitOk;
  std::cout << "as it was at revision " << options.revision << ": " << reverted.written << " relationships written, "
            << reverted.deleted << " deleted" << (reverted.schema ? ", and the schema set back" : "") << "\n";
  if (reverted.not_revived > 0) {
    std::cout << reverted.not_revived
              << " relationships of agents, tasks and sessions that ended since stay as they are\n";
  }
  return kExitOk;
}

int CheckStoreDirectory(const CheckStoreOptions& options) {
  const bool terminal = isatty(STDERR_FILENO) == 1 && !options.json;
  StoreReport report;
  const absl::Status status = CheckStore(options.directory, &report, [&](const std::string& doing, uint64_t keys) {
    if (terminal) std::cerr << "\r\x1b[K" << doing << (keys > 0 ? Cat(", ", keys) : "") << std::flush;
  });
  if (terminal) std::cerr << "\r\x1b[K";
  if (!status.ok()) return Fail(status);
  if (options.json) {
    std::cout << Json{{"database_id", report.database_id},
                      {"revision", report.head.value()},
                      {"oldest_revision", report.oldest.value()},
                      {"relationships", report.relationships},
                      {"versions", report.versions},
                      {"commits", report.commits},
                      {"schemas", report.schemas},
                      {"facts", report.facts},
                      {"ledger_records", report.ledger_records},
                      {"faults_count", report.faults_count},
                      {"faults", report.faults}}
                     .dump(-1, ' ', false, Json::error_handler_t::replace)
              << "\n";
    return report.faults.empty() ? kExitOk : kExitFailed;
  }
  std::cout << "database " << report.database_id << ", revisions " << report.oldest.value() << " to "
            << report.head.value() << "\n"
            << report.relationships << " relationships, " << report.versions << " versions of the past, "
            << report.commits << " commits, " << report.schemas << " schemas, " << report.facts << " facts, "
            << report.ledger_records << " records of the ledger\n";
  for (const std::string& fault : report.faults) std::cout << "fault: " << fault << "\n";
  if (report.faults_count > report.faults.size()) {
    std::cout << "and " << report.faults_count - report.faults.size() << " more\n";
  }
  std::cout << (report.faults.empty() ? "nothing is wrong\n" : Cat(report.faults_count, " faults; restore a backup\n"));
  return report.faults.empty() ? kExitOk : kExitFailed;
}

}  // namespace mandate
