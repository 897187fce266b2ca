// soak: everything a server does, at a moderate rate, for a long time: does it stay as large as it is?
//
//   soak --minutes 60
//
// A database on disk and its server run in this process, with a retention window of some seconds, so that what is
// written is collected again. One caller each writes and deletes, checks, authorizes in sessions that it opens and
// closes, watches, and makes a backup now and then. Every half minute it prints memory, files and bytes on disk, and
// what was done. Every relationship that is written is taken away again, and tasks are revoked, so nothing has a reason
// to grow but the ledger, whose old entries are retired.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "grpcpp/grpcpp.h"
#include "mandate/v1/delegation_service.grpc.pb.h"
#include "mandate/v1/permission_service.grpc.pb.h"
#include "mandate/v1/relationship_service.grpc.pb.h"
#include "mandate/v1/watch_service.grpc.pb.h"
#include "schema/text.h"
#include "service/metrics.h"
#include "service/process.h"
#include "service/server.h"
#include "service/wire.h"
#include "spdlog/spdlog.h"
#include "storage/backup.h"

namespace mandate {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr char kSoakSchema[] = R"(
use delegation
use expiration
definition user { relation acts_on_behalf_of: bot with expiration }
definition team { relation member: user }
definition document {
  relation viewer: user | team#member
  permission view = viewer
}
agent bot {}
task errand {
  relation delegator: user
  relation delegated_for_task: bot with expiration
  relation scope: document:*#view
  limit document#view to 1000000 per task
}
session run {
  relation agent: bot with expiration
  relation task: errand
}
)";

constexpr int kDocuments = 2000;

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "error: %s\n", what.c_str());
  std::exit(1);
}

void Need(const grpc::Status& status, const char* doing) {
  if (!status.ok()) Die(Cat(doing, ": ", status.error_message()));
}

class Soak {
 public:
  // `cache_bytes`: of each of the three caches, and of the write buffers.
  Soak(const std::string& directory, int checks_a_second, uint64_t cache_bytes)
      : directory_(directory), checks_a_second_(checks_a_second) {
    DatabaseOptions options{.directory = directory_ + "/db", .store = {.retention = absl::Seconds(20)}};
    options.store.block_cache_bytes = options.store.read_cache_bytes = options.answer_cache_bytes = cache_bytes;
    options.store.write_buffer_bytes = cache_bytes;
    auto database = Database::Open(options);
    if (!database.ok()) Die(database.status().ToString());
    database_ = *std::move(database);
    if (auto s = database_->WriteSchema(kSoakSchema, {}, DryRun::kNo, nullptr); !s.ok()) Die(s.status().ToString());
    std::vector<TupleChange> changes;
    for (int i = 0; i < kDocuments; ++i) {
      changes.push_back({ChangeOp::kTouch, *ParseRelationship(Cat("document:d", i, "#viewer@user:u", i % 50))});
    }
    changes.push_back(
        {ChangeOp::kTouch, *ParseRelationship("user:u1#acts_on_behalf_of@bot:b[expiration:2100-01-01T00:00:00Z]")});
    if (auto s = database_->Write(std::move(changes), {}); !s.ok()) Die(s.status().ToString());
    auto server = Server::Start(database_.get(), {.listen = "127.0.0.1:0",
                                                  .collect_every = absl::Seconds(1),
                                                  .ledger_retention = absl::Seconds(20),
                                                  .backups = directory_ + "/backups"});
    if (!server.ok()) Die(server.status().ToString());
    server_ = *std::move(server);
    channel_ = grpc::CreateChannel(Cat("127.0.0.1:", server_->port()), grpc::InsecureChannelCredentials());
  }

  void Run(double minutes) {
    std::vector<std::thread> threads;
    for (auto part : {&Soak::Write, &Soak::Check, &Soak::Authorize, &Soak::Watch}) {
      threads.emplace_back([this, part] { (this->*part)(); });
    }
    std::printf("%8s %8s %8s %7s %7s %9s %6s %10s %9s %11s %8s %9s\n", "seconds", "MiB", "buffers", "blocks", "tables",
                "disk KiB", "files", "writes", "checks", "authorized", "watched", "versions");
    const auto began = Clock::now();
    const auto end = began + std::chrono::duration<double>(minutes * 60);
    for (int i = 0; Clock::now() < end; ++i) {
      std::this_thread::sleep_until(std::min<Clock::time_point>(began + (i + 1) * std::chrono::seconds(30),
                                                                std::chrono::time_point_cast<Clock::duration>(end)));
      Show(std::chrono::duration<double>(Clock::now() - began).count());
      if (i % 4 == 3) {  // A backup, and only so many of them.
        if (auto made = database_->store().Backup(directory_ + "/backups"); !made.ok()) Die(made.status().ToString());
        if (auto kept = DeleteOldBackups(directory_ + "/backups", 2); !kept.ok()) Die(kept.status().ToString());
      }
    }
    stopping_ = true;
    server_->Stop(absl::Seconds(2));
    for (std::thread& thread : threads) thread.join();
  }

 private:
  void Show(double seconds) const {
    uint64_t bytes = 0, files = 0;
    std::error_code error;
    for (const auto& entry : fs::recursive_directory_iterator(directory_, error)) {
      if (!entry.is_regular_file(error)) continue;
      ++files;
      bytes += entry.file_size(error);
    }
    const auto stats = database_->store().Stats();
    const auto mib = [](uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); };
    std::printf("%8.0f %8llu %8.1f %7.1f %7.1f %9llu %6llu %10llu %9llu %11llu %8llu %9llu\n", seconds,
                static_cast<unsigned long long>(ResidentBytes() >> 20), mib(stats.ok() ? stats->write_buffer_bytes : 0),
                mib(stats.ok() ? stats->block_cache_bytes : 0), mib(stats.ok() ? stats->table_reader_bytes : 0),
                static_cast<unsigned long long>(bytes >> 10), static_cast<unsigned long long>(files),
                static_cast<unsigned long long>(writes_.load()), static_cast<unsigned long long>(checks_.load()),
                static_cast<unsigned long long>(authorized_.load()), static_cast<unsigned long long>(watched_.load()),
                static_cast<unsigned long long>(stats.ok() ? stats->head.value() - stats->oldest.value() : 0));
    std::fflush(stdout);
  }

  template <typename Call>
  void Repeat(double a_second, const Call& call) {
    auto next = Clock::now();
    for (uint64_t i = 0; !stopping_; ++i) {
      call(i);
      next += std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / a_second));
      std::this_thread::sleep_until(next);
    }
  }

  void Write() {
    auto stub = v1::RelationshipService::NewStub(channel_);
    Repeat(50, [&](uint64_t i) {
      v1::WriteRequest request;
      for (int part = 0; part < 5; ++part) {
        auto relationship =
            ParseRelationship(Cat("document:d", (i / 2 * 5 + part) % kDocuments, "#viewer@user:guest", part));
        v1::RelationshipUpdate* update = request.add_updates();
        update->set_operation(i % 2 == 0 ? v1::RelationshipUpdate::OPERATION_TOUCH
                                         : v1::RelationshipUpdate::OPERATION_DELETE);
        ToWire(*relationship, update->mutable_relationship());
      }
      grpc::ClientContext context;
      v1::WriteResponse response;
      const grpc::Status status = stub->Write(&context, request, &response);
      if (!stopping_) Need(status, "a write");
      ++writes_;
    });
  }

  void Check() {
    auto stub = v1::PermissionService::NewStub(channel_);
    Repeat(checks_a_second_, [&](uint64_t i) {
      v1::CheckRequest request;
      v1::CheckItem* item = request.mutable_item();
      item->mutable_resource()->set_type("document");
      item->mutable_resource()->set_id(Cat("d", i * 7 % kDocuments));
      item->set_permission("view");
      item->mutable_subject()->set_type("user");
      item->mutable_subject()->set_id(Cat("u", i * 7 % kDocuments % 50));
      grpc::ClientContext context;
      v1::CheckResponse response;
      const grpc::Status status = stub->Check(&context, request, &response);
      if (stopping_) return;
      Need(status, "a check");
      if (response.result().decision() != v1::DECISION_ALLOWED) Die("a wrong answer");
      ++checks_;
    });
  }

  // A task with a session, twenty calls, and its end.
  void Authorize() {
    auto stub = v1::DelegationService::NewStub(channel_);
    v1::OpenSessionResponse session;
    v1::DelegateResponse task;
    Repeat(40, [&](uint64_t i) {
      if (stopping_) return;
      const auto until = absl::Now() + absl::Minutes(5);
      if (i % 22 == 0) {
        v1::DelegateRequest request;
        request.set_task_type("errand");
        request.mutable_delegator()->set_type("user");
        request.mutable_delegator()->set_id("u1");
        request.mutable_delegate()->set_type("bot");
        request.mutable_delegate()->set_id("b");
        v1::SubjectReference* item = request.add_scope();
        item->set_type("document");
        item->set_id("*");
        item->set_relation("view");
        ToWire(until, request.mutable_expires_at());
        grpc::ClientContext context;
        const grpc::Status status = stub->Delegate(&context, request, &task);
        if (stopping_) return;
        Need(status, "a delegation");
        v1::OpenSessionRequest open;
        open.set_session_type("run");
        open.mutable_agent()->CopyFrom(request.delegate());
        open.mutable_task()->CopyFrom(task.task());
        ToWire(until, open.mutable_expires_at());
        grpc::ClientContext opening;
        const grpc::Status opened = stub->OpenSession(&opening, open, &session);
        if (!stopping_) Need(opened, "a session");
        return;
      }
      grpc::ClientContext context;
      if (i % 22 == 21) {
        v1::RevokeRequest revoke;
        revoke.mutable_task()->CopyFrom(task.task());
        v1::RevokeResponse revoked;
        const grpc::Status status = stub->Revoke(&context, revoke, &revoked);
        if (!stopping_) Need(status, "a revocation");
        return;
      }
      v1::AuthorizeRequest request;
      request.mutable_session()->CopyFrom(session.session());
      request.mutable_action()->mutable_resource()->set_type("document");
      request.mutable_action()->mutable_resource()->set_id("d1");
      request.mutable_action()->set_permission("view");
      v1::AuthorizeResponse response;
      const grpc::Status status = stub->Authorize(&context, request, &response);
      if (stopping_) return;
      Need(status, "an authorization");
      if (response.result().decision() != v1::DECISION_ALLOWED) Die("a session may not do what its task is for");
      ++authorized_;
    });
  }

  void Watch() {
    auto stub = v1::WatchService::NewStub(channel_);
    grpc::ClientContext context;
    auto reader = stub->Watch(&context, v1::WatchRequest());
    v1::WatchResponse response;
    while (reader->Read(&response)) watched_ += static_cast<uint64_t>(response.changes_size());
    const grpc::Status status = reader->Finish();
    if (!stopping_) Need(status, "the watch");
  }

  const std::string directory_;
  const int checks_a_second_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::atomic<bool> stopping_ = false;
  std::atomic<uint64_t> writes_ = 0, checks_ = 0, authorized_ = 0, watched_ = 0;
};

int Main(int argc, char** argv) {
  double minutes = 60;
  int checks = 500;
  uint64_t cache_mib = 64;
  CLI::App app("A long time at a moderate rate");
  app.add_option("--minutes", minutes, "For how long")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--checks", checks, "Checks a second")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--cache-mib", cache_mib,
                 "Of each cache and of the write buffers; small ones are soon full, and then nothing else may grow")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  spdlog::set_level(spdlog::level::warn);
  std::string directory = (fs::temp_directory_path() / "mandate-soak-XXXXXX").string();
  if (mkdtemp(directory.data()) == nullptr) Die("no temporary directory");
  Soak(directory, checks, cache_mib << 20).Run(minutes);
  fs::remove_all(directory);
  return 0;
}

}  // namespace
}  // namespace mandate

int main(int argc, char** argv) {
  mandate::PrepareProcess();
  return mandate::Main(argc, argv);
}
