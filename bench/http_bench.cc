// http_bench: AuthZEN over HTTP, one evaluation a request and many, beside an answer that nothing is asked for.
//
// Server and clients share this process and its cores; each client has a connection of its own, which it keeps.
// `healthz` is what HTTP itself takes here. Prints requests and evaluations per second, and the latency of a request.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>

#include "CLI/CLI.hpp"
#include "bench/drive_world.h"
#include "bench/world_database.h"
#include "httplib.h"
#include "service/http/json_text.h"
#include "service/process.h"
#include "service/server.h"

namespace mandate {
namespace {

Json QuestionJson(const CheckQuestion& question) {
  return {{"subject", {{"type", question.subject.type}, {"id", question.subject.id}}},
          {"action", {{"name", question.permission}}},
          {"resource", {{"type", question.resource.type}, {"id", question.resource.id}}}};
}

struct Kind {
  std::string name;
  std::string path;
  std::vector<std::string> bodies;  // Empty: GET.
  int evaluations = 0;              // Of each request; all are allowed.
};

void Die(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

// Every evaluation must have been allowed.
bool Expected(const Kind& kind, const std::string& body) {
  int allowed = 0;
  for (size_t at = 0; (at = body.find("\"decision\":true", at)) != body.npos; ++at) ++allowed;
  return allowed == kind.evaluations;
}

void Load(int port, const Kind& kind, int clients, double seconds, bool print) {
  std::vector<std::thread> threads;
  std::vector<std::vector<float>> latencies(clients);
  std::atomic<bool> failed = false;
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  for (int client = 0; client < clients; ++client) {
    threads.emplace_back([&, client] {
      httplib::Client http("127.0.0.1", port);
      http.set_keep_alive(true);
      http.set_tcp_nodelay(true);
      size_t next = client * 7919;
      while (std::chrono::steady_clock::now() < end && !failed) {
        const auto start = std::chrono::steady_clock::now();
        const auto answer = kind.bodies.empty()
                                ? http.Get(kind.path)
                                : http.Post(kind.path, kind.bodies[next++ % kind.bodies.size()], "application/json");
        const std::chrono::duration<float, std::micro> took = std::chrono::steady_clock::now() - start;
        if (!answer || answer->status != 200 || !Expected(kind, answer->body)) failed = true;
        latencies[client].push_back(took.count());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  if (failed) Die(kind.name + ": a request failed or was not answered as expected");
  if (!print) return;
  std::vector<float> all;
  for (auto& some : latencies) all.insert(all.end(), some.begin(), some.end());
  std::sort(all.begin(), all.end());
  const double rate = static_cast<double>(all.size()) / seconds;
  std::printf("%-34s %2d clients %8.0f requests/s %9.0f evaluations/s   p50 %6.0f us  p99 %6.0f us\n",
              kind.name.c_str(), clients, rate, rate * kind.evaluations, all[all.size() / 2],
              all[all.size() * 99 / 100]);
  std::fflush(stdout);
}

int Main(int argc, char** argv) {
  int clients = 16;
  double seconds = 3;
  CLI::App app("AuthZEN over HTTP");
  app.add_option("--clients", clients, "Threads, each with a connection")->capture_default_str();
  app.add_option("--seconds", seconds, "Length of each measurement")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  const AgentsWorld world({.top_folders = 10, .folders_in_folder = 3, .documents_in_leaf = 55}, 1'000);
  WorldDatabase placed(world);
  auto server = Server::Start(&placed.database(), {.listen = "127.0.0.1:0", .http = "127.0.0.1:0"});
  if (!server.ok()) Die(server.status().ToString());
  const int port = (*server)->http_port();
  std::vector<Kind> kinds = {{"healthz", "/healthz", {}, 0}};
  using Draw = CheckQuestion (AgentsWorld::*)(uint64_t) const;
  for (const auto& [name, draw] :
       {std::pair<const char*, Draw>{"direct", &AgentsWorld::DirectlyShared},
        std::pair<const char*, Draw>{"drive, 5 folders and 3 groups", &AgentsWorld::ThroughFolders},
        std::pair<const char*, Draw>{"delegated (session)", &AgentsWorld::BySession}}) {
    Kind one{std::string("evaluation, ") + name, "/access/v1/evaluation", {}, 1};
    Kind many{std::string("evaluations, ") + name, "/access/v1/evaluations", {}, 100};
    for (uint64_t i = 0; i < 1000; ++i) one.bodies.push_back(JsonText(QuestionJson((world.*draw)(i))));
    for (uint64_t i = 0; i < 20; ++i) {
      Json items = Json::array();
      for (uint64_t k = 0; k < 100; ++k) items.push_back(QuestionJson((world.*draw)(i * 100 + k)));
      many.bodies.push_back(JsonText(Json{{"evaluations", std::move(items)}}));
    }
    kinds.push_back(std::move(one));
    kinds.push_back(std::move(many));
  }
  for (const Kind& kind : kinds) {
    Load(port, kind, clients, 0.3, false);
    Load(port, kind, 1, seconds, true);
    Load(port, kind, clients, seconds, true);
  }
  (*server)->Stop(absl::Seconds(5));
  return 0;
}

}  // namespace
}  // namespace mandate

int main(int argc, char** argv) {
  mandate::PrepareProcess();
  return mandate::Main(argc, argv);
}
