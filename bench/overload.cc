// overload: more questions than the machine can answer, and what those notice that are let in.
//
//   overload --factor 5 --seconds 60
//
// A database and its server run in this process, with nothing kept in memory, so that each question costs what it
// costs: a walk up a chain of folders. First one caller at a time asks (the unloaded latency), then so many that the
// cores are busy (the rate that is sustained), then calls are sent at `factor` times that rate whatever becomes of
// them, for `seconds`, and then one at a time again. Latency is from sending to the answer, as a caller sees it. Prints
// what became of the calls, latencies of those that were answered, and memory.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "grpcpp/grpcpp.h"
#include "mandate/v1/permission_service.grpc.pb.h"
#include "schema/text.h"
#include "service/metrics.h"
#include "service/process.h"
#include "service/server.h"

namespace mandate {
namespace {

using Clock = std::chrono::steady_clock;
using Ms = std::chrono::duration<double, std::milli>;

struct Options {
  double factor = 5;
  int seconds = 60;
  int chain = 1500;
  int connections = 8;
};

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "error: %s\n", what.c_str());
  std::exit(1);
}

std::unique_ptr<Database> MakeDatabase(int chain) {
  DatabaseOptions options;
  options.store.in_memory = true;
  options.store.read_cache_bytes = 0;
  options.answer_cache_bytes = 0;
  auto database = Database::Open(options);
  if (!database.ok()) Die(database.status().ToString());
  auto schema = (*database)->WriteSchema(
      "definition user {}\ndefinition folder { relation parent: folder\n relation viewer: user\n permission view = "
      "viewer + parent->view }",
      {}, DryRun::kNo, nullptr);
  if (!schema.ok()) Die(schema.status().ToString());
  std::vector<TupleChange> changes;
  for (int i = 0; i < chain; ++i) {
    changes.push_back({ChangeOp::kTouch, *ParseRelationship(Cat("folder:f", i, "#parent@folder:f", i + 1))});
  }
  changes.push_back({ChangeOp::kTouch, *ParseRelationship(Cat("folder:f", chain, "#viewer@user:alice"))});
  if (auto written = (*database)->Write(std::move(changes), {}); !written.ok()) Die(written.status().ToString());
  return *std::move(database);
}

v1::CheckRequest Question() {
  v1::CheckRequest request;
  v1::CheckItem* item = request.mutable_item();
  item->mutable_resource()->set_type("folder");
  item->mutable_resource()->set_id("f0");
  item->set_permission("view");
  item->mutable_subject()->set_type("user");
  item->mutable_subject()->set_id("alice");
  return request;
}

struct Outcome {
  std::vector<float> answered_ms;
  uint64_t refused = 0;  // RESOURCE_EXHAUSTED.
  uint64_t other = 0;
  double seconds = 0;

  float At(double percent) {
    if (answered_ms.empty()) return 0;
    std::sort(answered_ms.begin(), answered_ms.end());
    return answered_ms[static_cast<size_t>(static_cast<double>(answered_ms.size() - 1) * percent / 100)];
  }
  double rate() const { return static_cast<double>(answered_ms.size()) / seconds; }
};

using Stubs = std::vector<std::unique_ptr<v1::PermissionService::Stub>>;

Stubs Connect(int port, int connections) {
  Stubs stubs;
  for (int i = 0; i < connections; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stubs.push_back(v1::PermissionService::NewStub(
        grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials(), arguments)));
  }
  return stubs;
}

// `callers` ask, each one question after the other.
Outcome Closed(const Stubs& stubs, int callers, double seconds) {
  std::vector<Outcome> outcomes(callers);
  std::vector<std::thread> threads;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  for (int i = 0; i < callers; ++i) {
    threads.emplace_back([&, i] {
      const v1::CheckRequest request = Question();
      while (Clock::now() < end) {
        grpc::ClientContext context;
        v1::CheckResponse response;
        const auto began = Clock::now();
        const grpc::Status status = stubs[i % stubs.size()]->Check(&context, request, &response);
        if (status.ok()) {
          if (response.result().decision() != v1::DECISION_ALLOWED) Die("a wrong answer");
          outcomes[i].answered_ms.push_back(static_cast<float>(Ms(Clock::now() - began).count()));
        } else {
          ++(status.error_code() == grpc::RESOURCE_EXHAUSTED ? outcomes[i].refused : outcomes[i].other);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  Outcome all{.seconds = seconds};
  for (const Outcome& one : outcomes) {
    all.answered_ms.insert(all.answered_ms.end(), one.answered_ms.begin(), one.answered_ms.end());
    all.refused += one.refused;
    all.other += one.other;
  }
  return all;
}

// One call that was sent and not waited for.
struct Sent {
  grpc::ClientContext context;
  v1::CheckResponse response;
  grpc::Status status;
  Clock::time_point began;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::CheckResponse>> reader;
};

// Calls at a rate, whatever becomes of those before. `memory` gets the server's memory once a second.
Outcome Open(const Stubs& stubs, double rate, double seconds, std::vector<uint64_t>* memory) {
  grpc::CompletionQueue queue;
  Outcome outcome{.seconds = seconds};
  std::thread receiver([&] {
    void* tag = nullptr;
    bool ok = false;
    while (queue.Next(&tag, &ok)) {
      const std::unique_ptr<Sent> sent(static_cast<Sent*>(tag));
      if (sent->status.ok()) {
        outcome.answered_ms.push_back(static_cast<float>(Ms(Clock::now() - sent->began).count()));
      } else {
        ++(sent->status.error_code() == grpc::RESOURCE_EXHAUSTED ? outcome.refused : outcome.other);
      }
    }
  });
  const v1::CheckRequest request = Question();
  const auto began = Clock::now();
  const auto step = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / rate));
  auto next = began;
  auto next_look = began;
  for (uint64_t i = 0; next < began + std::chrono::duration<double>(seconds); ++i, next += step) {
    std::this_thread::sleep_until(next);
    if (next >= next_look) {
      memory->push_back(ResidentBytes());
      next_look += std::chrono::seconds(1);
    }
    auto* sent = new Sent;
    sent->context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
    sent->began = Clock::now();
    sent->reader = stubs[i % stubs.size()]->AsyncCheck(&sent->context, request, &queue);
    sent->reader->Finish(&sent->response, &sent->status, sent);
  }
  outcome.seconds = std::chrono::duration<double>(Clock::now() - began).count();
  queue.Shutdown();
  receiver.join();
  return outcome;
}

void Print(const char* what, Outcome outcome) {
  std::printf("%-22s %7.0f/s answered, p50 %6.1f ms, p99 %6.1f ms; %llu refused, %llu failed otherwise\n", what,
              outcome.rate(), outcome.At(50), outcome.At(99), static_cast<unsigned long long>(outcome.refused),
              static_cast<unsigned long long>(outcome.other));
  std::fflush(stdout);
}

int Run(const Options& options) {
  auto database = MakeDatabase(options.chain);
  auto server = Server::Start(database.get(), {.listen = "127.0.0.1:0", .log = {.which = LoggedCalls::kNone}});
  if (!server.ok()) Die(server.status().ToString());
  const Stubs stubs = Connect((*server)->port(), options.connections);
  Closed(stubs, 1, 1);
  Outcome unloaded = Closed(stubs, 1, 5);
  Print("one at a time", unloaded);
  Outcome busy = Closed(stubs, static_cast<int>(2 * std::thread::hardware_concurrency()), 5);
  Print("the cores busy", busy);
  std::vector<uint64_t> memory;
  const double rate = busy.rate() * options.factor;
  std::printf("sending %.0f/s\n", rate);
  Outcome loaded = Open(stubs, rate, options.seconds, &memory);
  Print("overload", loaded);
  const auto ended = Clock::now();
  // Back to what it was: ten questions in a row none of which takes more than twice the unloaded p99.
  const float calm = 2 * unloaded.At(99);
  for (int in_a_row = 0; in_a_row < 10;) {
    Outcome one = Closed(stubs, 1, 0.001);
    in_a_row = !one.answered_ms.empty() && one.At(100) <= calm ? in_a_row + 1 : 0;
    if (Clock::now() - ended > std::chrono::seconds(30)) break;
  }
  std::printf("calm again %.0f ms after the last call; p99 of those let in %.1f times the unloaded one\n",
              Ms(Clock::now() - ended).count(), static_cast<double>(loaded.At(99) / unloaded.At(99)));
  if (memory.size() > 2) {
    std::printf("memory %llu MiB after a second, %llu MiB at the end, %llu MiB at most (callers and server)\n",
                static_cast<unsigned long long>(memory[1] >> 20), static_cast<unsigned long long>(memory.back() >> 20),
                static_cast<unsigned long long>(*std::max_element(memory.begin(), memory.end()) >> 20));
  }
  return 0;
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("More questions than the machine can answer");
  app.add_option("--factor", options.factor, "How many times the rate that is sustained")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--seconds", options.seconds, "For how long")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--chain", options.chain, "Folders that a question walks up")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--connections", options.connections, "Connections of the callers")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  return Run(options);
}

}  // namespace
}  // namespace mandate

int main(int argc, char** argv) {
  mandate::PrepareProcess();
  return mandate::Main(argc, argv);
}
