// watch_load: watchers under a load of writes, some of whom go away at random, and a server that restarts in the
// middle.
//
//   watch_load --rate 10000 --seconds 60 --watchers 3
//
// A database on disk and its server run in this process. Writers create relationships, one a call, at the rate that is
// asked for; after half the time the server stops, the database is closed, and both start again on the same port. Each
// watcher goes on behind its last token whenever it was cut off, and is cut off by itself now and then. At the end each
// of them must have seen every relationship once, and all of them in the same order. The delay is from the commit, by
// the server's clock, to the arrival; arrivals right after a watcher was away wait for it to come back, and are told
// apart. Exit code 0: all was seen as it must be; 1: not.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <random>
#include <thread>

#include "CLI/CLI.hpp"
#include "grpcpp/grpcpp.h"
#include "mandate/v1/relationship_service.grpc.pb.h"
#include "mandate/v1/watch_service.grpc.pb.h"
#include "service/process.h"
#include "service/server.h"

namespace mandate {
namespace {

using Clock = std::chrono::steady_clock;

struct Load {
  int rate = 10'000;
  int seconds = 60;
  int batch = 10;  // Relationships of one call, which is one revision.
  int writers = 16;
  int watchers = 3;
  double cut_off_every = 5;  // Seconds, on average.
};

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "error: %s\n", what.c_str());
  std::exit(1);
}

std::shared_ptr<grpc::Channel> Connect(int port) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
  return grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials(), arguments);
}

// The database and its server, which can be stopped and started again.
class Host {
 public:
  explicit Host(std::string directory) : directory_(std::move(directory)) { Start("127.0.0.1:0"); }

  int port() const { return port_; }

  void Restart() {
    server_->Stop(absl::Seconds(1));
    server_.reset();
    database_.reset();
    Start("127.0.0.1:" + std::to_string(port_));
  }

 private:
  void Start(const std::string& listen) {
    auto database = Database::Open({.directory = directory_});
    if (!database.ok()) Die(std::string(database.status().message()));
    database_ = *std::move(database);
    if (port_ == 0) {
      auto written = database_->WriteSchema("definition user {}\ndefinition document { relation viewer: user }", {},
                                            DryRun::kNo, nullptr);
      if (!written.ok()) Die(std::string(written.status().message()));
    }
    auto server = Server::Start(database_.get(), {.listen = listen});
    if (!server.ok()) Die(std::string(server.status().message()));
    server_ = *std::move(server);
    port_ = server_->port();
  }

  const std::string directory_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Server> server_;
  int port_ = 0;
};

// Creates relationships at its part of the rate. One whose outcome is not known, since the server went away, is created
// again, and ALREADY_EXISTS says that it was.
void Write(int port, const Load& load, int writer, Clock::time_point end, std::atomic<uint64_t>* written) {
  auto stub = v1::RelationshipService::NewStub(Connect(port));
  const auto step = std::chrono::duration<double>(static_cast<double>(load.writers) * load.batch / load.rate);
  Clock::time_point next = Clock::now();
  for (int i = 0; Clock::now() < end; ++i) {
    v1::WriteRequest request;
    for (int part = 0; part < load.batch; ++part) {
      v1::RelationshipUpdate* update = request.add_updates();
      update->set_operation(v1::RelationshipUpdate::OPERATION_CREATE);
      v1::Relationship* relationship = update->mutable_relationship();
      relationship->mutable_resource()->set_type("document");
      relationship->mutable_resource()->set_id("w" + std::to_string(writer) + "_" +
                                               std::to_string(i * load.batch + part));
      relationship->set_relation("viewer");
      relationship->mutable_subject()->set_type("user");
      relationship->mutable_subject()->set_id("alice");
    }
    while (true) {
      grpc::ClientContext context;
      context.set_wait_for_ready(true);
      v1::WriteResponse response;
      const grpc::Status status = stub->Write(&context, request, &response);
      if (status.ok() || status.error_code() == grpc::ALREADY_EXISTS) break;
      const bool may_be_written = status.error_code() == grpc::UNAVAILABLE || status.error_code() == grpc::CANCELLED;
      if (!may_be_written) Die("a write failed: " + status.error_message());
    }
    *written += static_cast<uint64_t>(load.batch);
    next += std::chrono::duration_cast<Clock::duration>(step);
    std::this_thread::sleep_until(next);
  }
}

class Watcher {
 public:
  Watcher(int port, uint64_t seed, double cut_off_every, std::string after)
      : stub_(v1::WatchService::NewStub(Connect(port))),
        random_(seed),
        cut_off_(1 / cut_off_every),
        after_(std::move(after)) {}

  // Until `done` and everything of `written` was seen.
  void Run(const std::atomic<bool>& done, const std::atomic<uint64_t>& written) {
    while (!done || ids_.size() < written) {
      grpc::ClientContext context;
      context.set_wait_for_ready(true);
      v1::WatchRequest request;
      request.mutable_after()->set_token(after_);
      request.set_checkpoints(true);
      auto reader = stub_->Watch(&context, request);
      const auto began = Clock::now();
      const auto until = began + std::chrono::duration<double>(cut_off_(random_));
      v1::WatchResponse response;
      std::vector<std::string> open;  // Of a commit that is not whole yet.
      bool caught_up = false;
      while ((!done || ids_.size() < written) && reader->Read(&response)) {
        for (const auto& change : response.changes()) open.push_back(change.relationship().resource().id());
        if (!response.changes().empty()) Time(response, &caught_up);
        if (!response.continues()) {
          ids_.insert(ids_.end(), open.begin(), open.end());
          open.clear();
          after_ = response.at().token();
        }
        if (Clock::now() > until && !done) break;
      }
      context.TryCancel();
      const grpc::Status status = reader->Finish();
      if (status.error_code() == grpc::RESOURCE_EXHAUSTED) ++too_slow_;
      ++visits_;
    }
  }

  const std::vector<std::string>& ids() const { return ids_; }
  std::vector<float>& delays_ms() { return delays_ms_; }
  int visits() const { return visits_; }
  int too_slow() const { return too_slow_; }

 private:
  // A watcher that was away first gets what it missed; the delay counts from the first commit on that is nearly new.
  void Time(const v1::WatchResponse& response, bool* caught_up) {
    const auto committed = std::chrono::seconds(response.committed_at().seconds()) +
                           std::chrono::nanoseconds(response.committed_at().nanos());
    const std::chrono::duration<float, std::milli> delay =
        std::chrono::system_clock::now().time_since_epoch() - committed;
    if (delay.count() < 5) *caught_up = true;
    if (*caught_up) delays_ms_.push_back(delay.count());
  }

  std::unique_ptr<v1::WatchService::Stub> stub_;
  std::mt19937_64 random_;
  std::exponential_distribution<double> cut_off_;
  std::string after_;
  std::vector<std::string> ids_;
  std::vector<float> delays_ms_;
  int visits_ = 0;
  int too_slow_ = 0;
};

std::string TokenOfNow(int port) {
  auto stub = v1::RelationshipService::NewStub(Connect(port));
  grpc::ClientContext context;
  v1::WriteRequest request;
  v1::RelationshipUpdate* update = request.add_updates();
  update->set_operation(v1::RelationshipUpdate::OPERATION_DELETE);
  update->mutable_relationship()->mutable_resource()->set_type("document");
  update->mutable_relationship()->mutable_resource()->set_id("none");
  update->mutable_relationship()->set_relation("viewer");
  update->mutable_relationship()->mutable_subject()->set_type("user");
  update->mutable_relationship()->mutable_subject()->set_id("nobody");
  v1::WriteResponse response;
  const grpc::Status status = stub->Write(&context, request, &response);
  if (!status.ok()) Die(status.error_message());
  return response.written_at().token();
}

// Each once.
bool IsComplete(std::vector<std::string> ids, uint64_t written) {
  std::sort(ids.begin(), ids.end());
  return ids.size() == written && std::adjacent_find(ids.begin(), ids.end()) == ids.end();
}

int Run(const Load& load) {
  std::string directory = (std::filesystem::temp_directory_path() / "mandate-watch-XXXXXX").string();
  if (mkdtemp(directory.data()) == nullptr) Die("no temporary directory");
  bool good = true;
  {
    Host host(directory);
    const std::string from = TokenOfNow(host.port());
    const auto start = Clock::now();
    const auto end = start + std::chrono::seconds(load.seconds);
    std::atomic<uint64_t> written = 0;
    std::atomic<bool> done = false;
    std::vector<Watcher> watchers;
    for (int i = 0; i < load.watchers; ++i) watchers.emplace_back(host.port(), i + 1, load.cut_off_every, from);
    std::vector<std::thread> threads;
    for (Watcher& watcher : watchers) threads.emplace_back([&] { watcher.Run(done, written); });
    std::vector<std::thread> writers;
    for (int i = 0; i < load.writers; ++i) {
      writers.emplace_back([&, i] { Write(host.port(), load, i, end, &written); });
    }
    std::this_thread::sleep_until(start + std::chrono::seconds(load.seconds) / 2);
    const auto down = Clock::now();
    host.Restart();
    std::printf("restarted after %.0f ms\n", std::chrono::duration<double, std::milli>(Clock::now() - down).count());
    for (std::thread& writer : writers) writer.join();
    const double took = std::chrono::duration<double>(Clock::now() - start).count();
    done = true;
    for (std::thread& thread : threads) thread.join();
    std::printf("%llu written in %.1f s, %.0f/s\n", static_cast<unsigned long long>(written.load()), took,
                static_cast<double>(written) / took);
    for (size_t i = 0; i < watchers.size(); ++i) {
      Watcher& watcher = watchers[i];
      const bool complete = IsComplete(watcher.ids(), written);
      const bool ordered = watcher.ids() == watchers.front().ids();
      good = good && complete && ordered;
      auto& delays = watcher.delays_ms();
      std::sort(delays.begin(), delays.end());
      const auto at = [&](size_t percent) { return delays.empty() ? 0 : delays[(delays.size() - 1) * percent / 100]; };
      std::printf(
          "watcher %zu: %zu changes over %d visits, %s, %s; delay p50 %.1f ms, p99 %.1f ms, of %zu; too slow %d "
          "times\n",
          i, watcher.ids().size(), watcher.visits(), complete ? "each once" : "NOT EACH ONCE",
          ordered ? "in one order" : "IN ANOTHER ORDER", at(50), at(99), delays.size(), watcher.too_slow());
    }
  }
  std::filesystem::remove_all(directory);
  return good ? 0 : 1;
}

int Main(int argc, char** argv) {
  Load load;
  CLI::App app("Watchers under a load of writes");
  app.add_option("--rate", load.rate, "Relationships a second, all writers together")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--batch", load.batch, "Relationships of one call")->capture_default_str()->check(CLI::Range(1, 1000));
  app.add_option("--seconds", load.seconds, "How long is written")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--writers", load.writers, "Threads, each with a connection")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--watchers", load.watchers, "Watchers")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--cut-off-every", load.cut_off_every,
                 "Seconds after which a watcher goes away and comes back, on average")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  return Run(load);
}

}  // namespace
}  // namespace mandate

int main(int argc, char** argv) {
  mandate::PrepareProcess();
  return mandate::Main(argc, argv);
}
