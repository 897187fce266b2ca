// grpc_ceiling: how near the real Check comes to a gRPC call that does nothing.
//
// Two servers of the same kind in this process, one with the real services, one whose Check answers with a response
// made beforehand; the same clients send both the same requests, in turns, so that a noisy machine disturbs both alike.
// Prints calls per second of each and their ratio, for every world; and how fast all of the drive comes as one export.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <thread>

#include "CLI/CLI.hpp"
#include "bench/world_database.h"
#include "grpcpp/grpcpp.h"
#include "mandate/v1/permission_service.grpc.pb.h"
#include "mandate/v1/relationship_service.grpc.pb.h"
#include "nlohmann/json.hpp"
#include "service/process.h"
#include "service/server.h"
#include "service/wire.h"

namespace mandate {
namespace {

// Answers every Check with the same response.
class Echo final : public v1::PermissionService::Service {
 public:
  explicit Echo(const v1::CheckResponse& response) : response_(response) {}
  grpc::Status Check(grpc::ServerContext*, const v1::CheckRequest*, v1::CheckResponse* response) override {
    *response = response_;
    return grpc::Status::OK;
  }

 private:
  const v1::CheckResponse response_;
};

std::unique_ptr<v1::PermissionService::Stub> Connect(int port) {
  grpc::ChannelArguments arguments;
  // A connection of its own for each client.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return v1::PermissionService::NewStub(
      grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials(), arguments));
}

[[noreturn]] void Die(const std::string& message) {
  std::fprintf(stderr, "error: %s\n", message.c_str());
  std::exit(1);
}

struct Round {
  double calls_per_second = 0;
  double p50_us = 0;
  double p99_us = 0;
};

// `allowed`: the answers; empty: whatever comes.
Round Load(int port, int clients, double seconds, const std::vector<v1::CheckRequest>& requests,
           const std::vector<bool>& allowed) {
  std::vector<std::thread> threads;
  std::vector<std::vector<float>> latencies(clients);
  std::atomic<bool> failed = false;
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  for (int client = 0; client < clients; ++client) {
    threads.emplace_back([&, client] {
      auto stub = Connect(port);
      size_t next = client * 7919;
      while (std::chrono::steady_clock::now() < end && !failed) {
        grpc::ClientContext context;
        v1::CheckResponse response;
        const auto start = std::chrono::steady_clock::now();
        const size_t asked = next++ % requests.size();
        const grpc::Status status = stub->Check(&context, requests[asked], &response);
        const std::chrono::duration<float, std::micro> took = std::chrono::steady_clock::now() - start;
        const bool right = allowed.empty() || (response.result().decision() == v1::DECISION_ALLOWED) == allowed[asked];
        if (!status.ok() || !right) {
          if (!failed.exchange(true))
            std::fprintf(stderr, "%d %s\n", status.error_code(), status.error_message().c_str());
        }
        latencies[client].push_back(took.count());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  if (failed) Die("a call failed or did not answer as expected");
  std::vector<float> all;
  for (auto& some : latencies) all.insert(all.end(), some.begin(), some.end());
  std::sort(all.begin(), all.end());
  return {all.size() / seconds, all[all.size() / 2], all[all.size() * 99 / 100]};
}

double Export(int port) {
  auto stub = v1::RelationshipService::NewStub(
      grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  const auto start = std::chrono::steady_clock::now();
  auto reader = stub->Export(&context, {});
  v1::ExportResponse response;
  uint64_t count = 0;
  while (reader->Read(&response)) count += response.relationships_size();
  const grpc::Status status = reader->Finish();
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!status.ok()) Die("the export failed: " + status.error_message());
  std::printf("export of %llu relationships: %.0f/s\n", static_cast<unsigned long long>(count),
              static_cast<double>(count) / took);
  return static_cast<double>(count) / took;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// A round of each in turn, with 1,000 questions of the world, half of them allowed.
nlohmann::ordered_json Compare(const std::string& name, const World& world, WorldDatabase* placed, int clients,
                               int rounds, double seconds) {
  auto server = Server::Start(&placed->database(), {.listen = "127.0.0.1:0"});
  if (!server.ok()) Die(server.status().ToString());
  std::vector<v1::CheckRequest> requests(1000);
  std::vector<bool> allowed(requests.size());
  for (size_t i = 0; i < requests.size(); ++i) {
    const WorldQuestion asked = world.Question(i);
    ToWire(asked.question, requests[i].mutable_item());
    allowed[i] = asked.allowed;
  }
  v1::CheckResponse response;
  grpc::ClientContext context;
  Connect((*server)->port())->Check(&context, requests[0], &response);
  Echo echo(response);
  int echo_port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &echo_port);
  builder.RegisterService(&echo);
  auto echo_server = builder.BuildAndStart();
  const std::vector<bool> echoed;
  Load(echo_port, clients, 0.3, requests, echoed);
  // Each is asked before, one after the other: of 16 that walk 1,000 folders anew at a time, some are shed.
  for (int turn = 0; turn < 2; ++turn) {
    auto stub = Connect((*server)->port());
    for (const v1::CheckRequest& request : requests) {
      grpc::ClientContext warming;
      if (!stub->Check(&warming, request, &response).ok()) Die("a call failed");
    }
  }
  std::vector<double> ratios, echoes, checks;
  Round echo_round, check_round;
  for (int round = 0; round < rounds; ++round) {
    echo_round = Load(echo_port, clients, seconds, requests, echoed);
    check_round = Load((*server)->port(), clients, seconds, requests, allowed);
    echoes.push_back(echo_round.calls_per_second);
    checks.push_back(check_round.calls_per_second);
    ratios.push_back(check_round.calls_per_second / echo_round.calls_per_second);
  }
  std::sort(ratios.begin(), ratios.end());
  echo_server->Shutdown();
  (*server)->Stop(absl::Seconds(5));
  std::printf(
      "%-10s echo %7.0f/s  p50 %4.0f us  p99 %5.0f us   check %7.0f/s  p50 %4.0f us  p99 %5.0f us   ratio %.2f (%.2f "
      "to %.2f)\n",
      name.c_str(), Median(echoes), echo_round.p50_us, echo_round.p99_us, Median(checks), check_round.p50_us,
      check_round.p99_us, Median(ratios), ratios.front(), ratios.back());
  std::fflush(stdout);
  return {{"world", name},           {"echo_per_second", Median(echoes)}, {"check_per_second", Median(checks)},
          {"ratio", Median(ratios)}, {"ratio_least", ratios.front()},     {"ratio_most", ratios.back()}};
}

int Main(int argc, char** argv) {
  int clients = 16;
  int rounds = 3;
  double seconds = 2;
  double scale = 0.05;
  std::string json;
  std::vector<std::string> names = WorldNames();
  CLI::App app("The real Check beside a gRPC call that does nothing");
  app.add_option("--worlds", names, "Of bench/world.h")->check(CLI::IsMember(WorldNames()))->delimiter(',');
  app.add_option("--scale", scale, "How large they are")->check(CLI::Range(0.0001, 10.0))->capture_default_str();
  app.add_option("--clients", clients, "Threads, each with a connection")->capture_default_str();
  app.add_option("--rounds", rounds, "Turns of each")->capture_default_str();
  app.add_option("--seconds", seconds, "Length of a turn")->capture_default_str();
  app.add_option("--json", json, "Write the results to this file as well");
  CLI11_PARSE(app, argc, argv);

  nlohmann::ordered_json results = nlohmann::ordered_json::array();
  for (const std::string& name : names) {
    const auto world = MakeWorld(name, scale);
    if (!world.ok()) Die(world.status().ToString());
    WorldDatabase placed(**world);
    results.push_back(Compare(name, **world, &placed, clients, rounds, seconds));
    if (name != "drive") continue;
    auto server = Server::Start(&placed.database(), {.listen = "127.0.0.1:0"});
    if (!server.ok()) Die(server.status().ToString());
    results.back()["export_per_second"] = Export((*server)->port());
    (*server)->Stop(absl::Seconds(5));
  }
  if (!json.empty()) std::ofstream(json) << results.dump(2) << "\n";
  return 0;
}

}  // namespace
}  // namespace mandate

int main(int argc, char** argv) {
  mandate::PrepareProcess();
  return mandate::Main(argc, argv);
}
