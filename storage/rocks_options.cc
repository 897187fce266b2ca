// How a torn log is recovered. A crash can leave the last record of the write-ahead log incomplete.
// Nobody was told that this write was done, so the database must open without it. Anything else
// that is wrong with the log means that acknowledged writes are lost, and the database must not
// open as if nothing were. RocksDB's modes:
//
//   kTolerateCorruptedTailRecords   Ours. An incomplete record at the end of a log is a torn
//                                   write; a complete one with a bad checksum is an error.
//   kAbsoluteConsistency            Refuses the torn tail too: every crash would need an operator.
//   kPointInTimeRecovery            Its default. Stops at the first bad record, wherever it is, and
//                                   silently drops the rest.
//   kSkipAnyCorruptedRecords        Leaves holes.
//
// What this mode cannot see: a log that was cut later looks torn, and so does one with a damaged
// length field in its last block. witness.h finds those. What it refuses without need: a power
// failure that leaves the last, unacknowledged record complete in length with wrong bytes; then an
// operator has to look, and that is the side to err on.
#include "storage/rocks_options.h"

#include <algorithm>

#include "rocksdb/cache.h"
#include "rocksdb/convenience.h"
#include "rocksdb/env.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/slice_transform.h"
#include "rocksdb/table.h"
#include "storage/index_prefix.h"
#include "storage/state_view.h"

namespace mandate {
namespace {

constexpr size_t kMiB = 1 << 20;

// Bounds the log that a start has to replay, twice (directory.cc): about a second.
constexpr uint64_t kLogBytesMax = 64 * kMiB;

// The manifest is read at every start and by the witness: kept small.
constexpr size_t kManifestBytesMax = 16 * kMiB;

// 1 % false positives: a miss in a level costs no read.
constexpr double kBloomBitsPerKey = 10;

// What goes wrong comes back as a status; a log of its own would only be one more file to look
// after, and opening a directory by mistake must not leave one there.
class SilentLogger : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

rocksdb::CompressionType BestCompression() {
  const std::vector<rocksdb::CompressionType> known = rocksdb::GetSupportedCompressions();
  for (rocksdb::CompressionType type : {rocksdb::kLZ4Compression, rocksdb::kSnappyCompression}) {
    if (std::find(known.begin(), known.end(), type) != known.end()) return type;
  }
  return rocksdb::kNoCompression;
}

rocksdb::ColumnFamilyOptions FamilyOptions(size_t write_buffer_bytes, const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions family;
  family.write_buffer_size = write_buffer_bytes;
  family.compression = BestCompression();
  family.level_compaction_dynamic_level_bytes = true;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
  table.whole_key_filtering = true;
  table.format_version = 5;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return family;
}

// Where questions are answered from. Beside whole keys, its filters hold index prefixes: more
// memory (about as much again), and most scans end at the filter.
rocksdb::ColumnFamilyOptions LiveOptions(size_t write_buffer_bytes, const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions family = FamilyOptions(write_buffer_bytes, cache);
  family.prefix_extractor = NewIndexPrefixTransform();
  family.memtable_whole_key_filtering = true;
  family.memtable_prefix_bloom_size_ratio = 0.03;
  // A batch comes in key order, so each insert begins where the last one of its index ended.
  family.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(1));
  return family;
}

}  // namespace

RocksOptions MakeRocksOptions(const StoreOptions& options, rocksdb::Env* env) {
  RocksOptions result;
  rocksdb::DBOptions& database = result.database;
  database.env = env;
  database.create_if_missing = true;
  database.create_missing_column_families = true;
  database.info_log = std::make_shared<SilentLogger>();
  database.paranoid_checks = true;
  database.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // A closed log that is missing or shorter than it was when synced. RocksDB 7.8.3 has one known
  // false alarm with it (its issue 10892), reached by DB::SyncWAL, which only a backup calls here, and
  // then only if a flush and a new manifest fall together with it.
  database.track_and_verify_wals_in_manifest = true;
  database.max_total_wal_size = kLogBytesMax;
  database.max_manifest_file_size = kManifestBytesMax;
  database.max_background_jobs = 2;
  database.db_write_buffer_size = options.write_buffer_bytes;
  // Every file is opened, and its index checked, at the start, by threads that are made for it.
  database.max_open_files = -1;
  database.max_file_opening_threads = options.in_memory ? 1 : 4;
  database.max_bgerror_resume_count = 0;  // A failed store stays failed until it is opened again.
  database.stats_dump_period_sec = 0;
  database.stats_persist_period_sec = 0;
  database.keep_log_file_num = 1;

  // In memory there are many small worlds at a time, and nothing to gain from large buffers.
  const size_t unit = options.in_memory ? kMiB : 8 * kMiB;
  const int shard_bits = options.in_memory ? 0 : -1;
  const auto cache = rocksdb::NewLRUCache(options.block_cache_bytes, shard_bits);
  for (const auto& [family, buffer_bytes] :
       {std::pair(Family::kMeta, unit), std::pair(Family::kLive, 8 * unit), std::pair(Family::kHistory, 2 * unit),
        std::pair(Family::kChangelog, 4 * unit), std::pair(Family::kLedger, 2 * unit)}) {
    result.families.emplace_back(std::string(FamilyName(family)), family == Family::kLive
                                                                      ? LiveOptions(buffer_bytes, cache)
                                                                      : FamilyOptions(buffer_bytes, cache));
  }
  return result;
}

}  // namespace mandate
