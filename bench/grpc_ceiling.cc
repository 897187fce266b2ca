// grpc_ceiling: how near the real Check comes to a gRPC call that does nothing.
//
// Two servers of the same kind in this process, one with the real services, one whose Check answers with a response made
// beforehand; the same clients send both the same requests, in turns, so that a noisy machine disturbs both alike.
// Prints calls per second of each and their ratio. Then what else the wire carries: batches, and everything as one export.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>

#include "CLI/CLI.hpp"
#include "bench/drive_world.h"
#include "grpcpp/grpcpp.h"
#include "mandate/v1/permission_service.grpc.pb.h"
#include "mandate/v1/relationship_service.grpc.pb.h"
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
  return v1::PermissionService::NewStub(grpc::CreateCustomChannel(
      "127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials(), arguments));
}

struct Round {
  double calls_per_second = 0;
  double p50_us = 0;
  double p99_us = 0;
};

Round Load(int port, int clients, double seconds, const std::vector<v1::CheckRequest>& requests) {
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
        const grpc::Status status =
            stub->Check(&context, requests[next++ % requests.size()], &response);
        const std::chrono::duration<float, std::micro> took = std::chrono::steady_clock::now() - start;
        if (!status.ok() || response.result().decision() != v1::DECISION_ALLOWED) {
          if (!failed.exchange(true)) std::fprintf(stderr, "%d %s\n", status.error_code(), status.error_message().c_str());
        }
        latencies[client].push_back(took.count());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  if (failed) {
    std::fprintf(stderr, "a call failed or did not answer as expected\n");
    std::exit(1);
  }
  std::vector<float> all;
  for (auto& some : latencies) all.insert(all.end(), some.begin(), some.end());
  std::sort(all.begin(), all.end());
  return {all.size() / seconds, all[all.size() / 2], all[all.size() * 99 / 100]};
}

// Items a second of batches of `size`, by as many clients.
double LoadBatches(int port, int clients, double seconds, size_t size, const std::vector<v1::CheckRequest>& requests) {
  std::vector<std::thread> threads;
  std::atomic<uint64_t> items = 0;
  std::atomic<bool> failed = false;
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  for (int client = 0; client < clients; ++client) {
    threads.emplace_back([&, client] {
      auto stub = Connect(port);
      size_t next = client * 7919;
      while (std::chrono::steady_clock::now() < end && !failed) {
        v1::CheckBatchRequest request;
        for (size_t i = 0; i < size; ++i) *request.add_items() = requests[next++ % requests.size()].item();
        grpc::ClientContext context;
        v1::CheckBatchResponse response;
        const grpc::Status status = stub->CheckBatch(&context, request, &response);
        for (const auto& result : response.results()) {
          if (result.result().decision() != v1::DECISION_ALLOWED) failed = true;
        }
        if (!status.ok() || response.results_size() != static_cast<int>(size)) failed = true;
        items += size;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  if (failed) {
    std::fprintf(stderr, "a batch failed or did not answer as expected\n");
    std::exit(1);
  }
  return static_cast<double>(items) / seconds;
}

void Export(int port) {
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
  if (!status.ok()) {
    std::fprintf(stderr, "the export failed: %s\n", status.error_message().c_str());
    std::exit(1);
  }
  std::printf("export of %llu relationships: %.0f/s\n", static_cast<unsigned long long>(count),
              static_cast<double>(count) / took);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int Main(int argc, char** argv) {
  int clients = 16;
  int rounds = 5;
  double seconds = 2;
  CLI::App app("The real Check beside a gRPC call that does nothing");
  app.add_option("--clients", clients, "Threads, each with a connection")->capture_default_str();
  app.add_option("--rounds", rounds, "Turns of each")->capture_default_str();
  app.add_option("--seconds", seconds, "Length of a turn")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  DriveWorld world({.top_folders = 10, .folders_in_folder = 3, .documents_in_leaf = 55});
  auto server = Server::Start(&world.database(), {.listen = "127.0.0.1:0"});
  if (!server.ok()) {
    std::fprintf(stderr, "%s\n", server.status().ToString().c_str());
    return 1;
  }
  struct Kind {
    const char* name;
    CheckQuestion (DriveWorld::*draw)(uint64_t) const;
  };
  for (const Kind& kind : {Kind{"direct", &DriveWorld::DirectlyShared},
                           Kind{"drive, 5 folders and 3 groups", &DriveWorld::ThroughFolders},
                           Kind{"delegated (session)", &DriveWorld::BySession}}) {
    std::vector<v1::CheckRequest> requests(1000);
    for (size_t i = 0; i < requests.size(); ++i) ToWire((world.*kind.draw)(i), requests[i].mutable_item());
    v1::CheckResponse response;
    grpc::ClientContext context;
    Connect((*server)->port())->Check(&context, requests[0], &response);
    Echo echo(response);
    int echo_port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &echo_port);
    builder.RegisterService(&echo);
    auto echo_server = builder.BuildAndStart();
    Load(echo_port, clients, 0.3, requests);
    Load((*server)->port(), clients, 0.3, requests);
    std::vector<double> ratios, echoes, checks;
    Round echo_round, check_round;
    for (int round = 0; round < rounds; ++round) {
      echo_round = Load(echo_port, clients, seconds, requests);
      check_round = Load((*server)->port(), clients, seconds, requests);
      echoes.push_back(echo_round.calls_per_second);
      checks.push_back(check_round.calls_per_second);
      ratios.push_back(check_round.calls_per_second / echo_round.calls_per_second);
    }
    std::printf("%-30s echo %7.0f/s  p50 %4.0f us  p99 %5.0f us   check %7.0f/s  p50 %4.0f us  p99 %5.0f us   ratio %.2f\n",
                kind.name, Median(echoes), echo_round.p50_us, echo_round.p99_us, Median(checks),
                check_round.p50_us, check_round.p99_us, Median(ratios));
    std::fflush(stdout);
    echo_server->Shutdown();
    for (size_t size : {100, 1000}) {
      std::printf("%-30s batches of %4zu: %8.0f items/s\n", kind.name, size,
                  LoadBatches((*server)->port(), 2, seconds, size, requests));
    }
  }
  Export((*server)->port());
  return 0;
}

}  // namespace
}  // namespace mandate

int main(int argc, char** argv) { return mandate::Main(argc, argv); }
