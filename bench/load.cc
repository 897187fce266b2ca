// load: a load generator over gRPC, for mandate.v1 and for authzed.api.v1: any server that speaks one of them, the same
// worlds, the same questions.
//
//   load --world drive --scale 0.1                                     a server of its own, in this process
//   load --world rbac --api authzed --server localhost:50051 --token secret --fill
//
// Fills the server with the world, warms it up, and then asks from so many clients: each as soon as it has its answer
// (closed loop), or all together at a rate (open loop; an answer's latency counts from when its question was due). Each
// answer is held against the one that is known; the checksum is the same whenever the same questions were answered the
// same.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <fstream>
#include <iostream>
#include <mutex>
#include <random>
#include <thread>

#include "CLI/CLI.hpp"
#include "bench/load_api.h"
#include "bench/world_database.h"
#include "nlohmann/json.hpp"
#include "schema/text.h"
#include "service/process.h"
#include "service/server.h"

namespace mandate {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string world = "drive";
  double scale = 0.1;
  std::string api = "mandate";
  std::string server;
  std::string token;
  bool fill = false;
  int clients = 16;
  double seconds = 10;
  double warmup = 2;
  double rate = 0;
  size_t batch = 1;
  uint64_t different = 10'000;
  bool zipf = false;
  double write_share = 0;
  size_t write_batch = 1;
  bool watch = false;
  bool lookups = false;
  std::string json;
};

[[noreturn]] void Die(const std::string& message) {
  std::cerr << "error: " << message << "\n";
  std::exit(1);
}

struct Tally {
  std::vector<float> latencies_us;
  uint64_t answers = 0, wrong = 0, errors = 0, writes = 0, written = 0, stale = 0;
  uint64_t checksum = 0;
  std::string first_error;

  void Add(const Tally& other) {
    latencies_us.insert(latencies_us.end(), other.latencies_us.begin(), other.latencies_us.end());
    answers += other.answers, wrong += other.wrong, errors += other.errors, writes += other.writes;
    written += other.written, stale += other.stale;
    checksum ^= other.checksum;
    if (first_error.empty()) first_error = other.first_error;
  }
  double At(double part) const {
    if (latencies_us.empty()) return 0;
    return latencies_us[std::min(latencies_us.size() - 1,
                                 static_cast<size_t>(part * static_cast<double>(latencies_us.size())))];
  }
};

class Load {
 public:
  Load(const Options& options, const World& world) : options_(options), world_(world) {
    for (uint64_t n = 0; n < options.different; ++n) questions_.push_back(world.Question(n));
  }

  Tally Run(const std::string& server, double seconds) {
    std::vector<Tally> tallies(static_cast<size_t>(options_.clients));
    std::vector<std::thread> threads;
    const auto begin = Clock::now();
    const auto end = begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    for (size_t client = 0; client < tallies.size(); ++client) {
      threads.emplace_back([&, client] { Client(server, client, begin, end, &tallies[client]); });
    }
    Tally all;
    for (size_t client = 0; client < tallies.size(); ++client) {
      threads[client].join();
      all.Add(tallies[client]);
    }
    std::sort(all.latencies_us.begin(), all.latencies_us.end());
    return all;
  }

 private:
  void Client(const std::string& server, uint64_t client, Clock::time_point begin, Clock::time_point end,
              Tally* tally) {
    const auto api = ConnectLoadApi(options_.api, server, options_.token);
    std::mt19937_64 random(client + 1);
    const double every = options_.rate > 0 ? options_.clients / options_.rate : 0;
    bool extra = false;
    std::vector<size_t> asked(options_.batch);
    std::vector<const CheckQuestion*> batch(options_.batch);
    for (uint64_t turn = 0; Clock::now() < end; ++turn) {
      auto due = Clock::now();
      if (every > 0) {
        due = begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(
                          every * (static_cast<double>(turn) + static_cast<double>(client) / options_.clients)));
        if (due >= end) return;
        std::this_thread::sleep_until(due);
      }
      if (options_.write_share > 0 && std::uniform_real_distribution<>()(random) < options_.write_share) {
        extra = !extra;
        Write(*api, client, extra, tally);
        continue;
      }
      for (size_t i = 0; i < batch.size(); ++i) {
        asked[i] = Draw(random);
        batch[i] = &questions_[asked[i]].question;
      }
      auto answers = api->Check(batch, "");
      tally->latencies_us.push_back(std::chrono::duration<float, std::micro>(Clock::now() - due).count());
      if (!answers.ok()) {
        Fail(answers.status(), tally);
        continue;
      }
      for (size_t i = 0; i < batch.size(); ++i) {
        ++tally->answers;
        const bool allowed = (*answers)[i];
        if (allowed != questions_[asked[i]].allowed) ++tally->wrong;
        tally->checksum ^= Scatter(asked[i] * 2 + (allowed ? 1 : 0));
      }
    }
  }

  // What was written is asked for at once, at its token.
  void Write(LoadApi& api, uint64_t client, bool there, Tally* tally) {
    std::vector<Relationship> rows;
    for (size_t i = 0; i < options_.write_batch; ++i) rows.push_back(world_.Extra(client + i * 1'000));
    const auto begin = Clock::now();
    const auto token = api.Write(rows, !there);
    if (options_.write_share >= 1) {
      tally->latencies_us.push_back(std::chrono::duration<float, std::micro>(Clock::now() - begin).count());
    }
    if (!token.ok()) return Fail(token.status(), tally);
    ++tally->writes;
    tally->written += rows.size();
    if (options_.write_share >= 1) return;
    const CheckQuestion question = world_.ExtraQuestion(client);
    const auto answers = api.Check({&question}, *token);
    if (!answers.ok()) return Fail(answers.status(), tally);
    if ((*answers)[0] != there) ++tally->stale;
  }

  static void Fail(const absl::Status& status, Tally* tally) {
    if (tally->errors++ == 0) tally->first_error = status.ToString();
  }

  // Zipf's law with exponent 1, as its continuous form has it; or all alike.
  size_t Draw(std::mt19937_64& random) const {
    if (!options_.zipf) return random() % questions_.size();
    const double u = std::uniform_real_distribution<>()(random);
    const auto rank = static_cast<uint64_t>(std::exp(u * std::log(static_cast<double>(questions_.size() + 1))) - 1);
    return std::min<uint64_t>(rank, questions_.size() - 1);
  }

  const Options& options_;
  const World& world_;
  std::vector<WorldQuestion> questions_;
};

nlohmann::ordered_json Lookups(const Options& options, const World& world, const std::string& server) {
  const auto api = ConnectLoadApi(options.api, server, options.token);
  std::vector<double> firsts;
  uint64_t found = 0;
  const auto begin = Clock::now();
  for (uint64_t n = 0; Clock::now() - begin < std::chrono::duration<double>(options.seconds); n += 2) {
    const auto start = Clock::now();
    bool first = true;
    const CheckQuestion question = world.Question(n).question;
    const absl::Status status = api->LookupResources(question, [&] {
      if (first) firsts.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
      first = false;
      ++found;
    });
    if (!status.ok()) Die(status.ToString());
  }
  const double took = std::chrono::duration<double>(Clock::now() - begin).count();
  std::sort(firsts.begin(), firsts.end());
  return {{"lookups", firsts.size()},
          {"results_per_second", static_cast<uint64_t>(static_cast<double>(found) / took)},
          {"first_result_p50_ms", firsts.empty() ? 0 : firsts[firsts.size() / 2]}};
}

void Fill(const Options& options, const World& world, const std::string& server) {
  const auto api = ConnectLoadApi(options.api, server, options.token);
  const auto begin = Clock::now();
  if (absl::Status s = api->WriteSchema(world.schema()); !s.ok()) Die("the schema is refused: " + s.ToString());
  auto shown = Clock::now();
  const auto count = api->Import(world, [&](uint64_t sent) {
    if (Clock::now() - shown < std::chrono::seconds(1)) return;
    shown = Clock::now();
    std::cerr << "\rfilling: " << sent << " relationships" << std::flush;
  });
  if (!count.ok()) Die("the world is refused: " + count.status().ToString());
  const double took = std::chrono::duration<double>(Clock::now() - begin).count();
  std::cerr << "\rfilled with " << *count << " relationships in " << static_cast<int>(took) << " s ("
            << static_cast<uint64_t>(static_cast<double>(*count) / took) << "/s)\n";
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("A load generator over gRPC, for mandate.v1 and authzed.api.v1");
  app.add_option("--world", options.world, "Which world (bench/world.h)")
      ->check(CLI::IsMember(WorldNames()))
      ->capture_default_str();
  app.add_option("--scale", options.scale, "How large it is; 1 is full size")
      ->check(CLI::Range(0.0001, 10.0))
      ->capture_default_str();
  app.add_option("--api", options.api, "mandate or authzed")
      ->check(CLI::IsMember({"mandate", "authzed"}))
      ->capture_default_str();
  app.add_option("--server", options.server,
                 "HOST:PORT of a server, unencrypted; left out: one in this process, on disk");
  app.add_option("--token", options.token, "Sent as `authorization: Bearer TOKEN`");
  app.add_flag("--fill", options.fill, "Write schema and world first; without --server always")->needs("--server");
  app.add_option("--clients", options.clients, "Threads, each with a connection")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--seconds", options.seconds, "How long")->check(CLI::Range(0.1, 86'400.0))->capture_default_str();
  app.add_option("--warmup", options.warmup, "Seconds before that, not counted")
      ->check(CLI::Range(0.0, 3'600.0))
      ->capture_default_str();
  app.add_option("--rate", options.rate, "Open loop: calls a second of all clients; 0: closed loop")
      ->check(CLI::Range(0.0, 1e7))
      ->capture_default_str();
  app.add_option("--batch", options.batch, "Questions in a call; 1: a call of the single kind")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--different", options.different, "Different questions")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  app.add_flag("--zipf", options.zipf, "Ask them as Zipf's law has it, not all alike");
  app.add_option("--write-share", options.write_share,
                 "So many of all calls are writes, each followed by a question that must see it; 1: writes alone")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--write-batch", options.write_batch, "Relationships in a write")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  app.add_flag("--watch", options.watch, "With a watcher of all changes");
  app.add_flag("--lookups", options.lookups, "Lookups of resources, one client, in place of checks");
  app.add_option("--json", options.json, "Write the result to this file as well");
  CLI11_PARSE(app, argc, argv);

  auto world = MakeWorld(options.world, options.scale);
  if (!world.ok()) Die(std::string(world.status().message()));
  if (options.api == "authzed" && !(*world)->is_plain())
    Die("the world `" + options.world + "` has agents; only --api mandate delegates to them");
  std::unique_ptr<WorldDatabase> own;
  std::unique_ptr<Server> server;
  std::string address = options.server;
  if (address.empty()) {
    own = std::make_unique<WorldDatabase>(**world);
    std::cerr << options.world << ": " << own->relationships() << " relationships\n";
    auto started = Server::Start(&own->database(), {.listen = "127.0.0.1:0"});
    if (!started.ok()) Die(started.status().ToString());
    server = *std::move(started);
    address = Cat("127.0.0.1:", server->port());
  } else if (options.fill) {
    Fill(options, **world, address);
  }

  nlohmann::ordered_json result{
      {"world", options.world}, {"scale", options.scale}, {"api", options.api}, {"clients", options.clients}};
  if (options.lookups) {
    result.update(Lookups(options, **world, address));
  } else {
    Load load(options, **world);
    std::unique_ptr<LoadWatch> watch;
    if (options.watch) watch = WatchAll(options.api, address, options.token);
    if (options.warmup > 0) load.Run(address, options.warmup);
    const Tally tally = load.Run(address, options.seconds);
    result["rate"] = static_cast<uint64_t>(static_cast<double>(tally.latencies_us.size()) / options.seconds);
    if (options.batch > 1)
      result["answers_per_second"] = static_cast<uint64_t>(static_cast<double>(tally.answers) / options.seconds);
    if (options.write_share > 0) {
      result["writes_per_second"] = static_cast<uint64_t>(static_cast<double>(tally.writes) / options.seconds);
      result["relationships_written_per_second"] =
          static_cast<uint64_t>(static_cast<double>(tally.written) / options.seconds);
      result["stale"] = tally.stale;
    }
    result["p50_us"] = std::lround(tally.At(0.5));
    result["p95_us"] = std::lround(tally.At(0.95));
    result["p99_us"] = std::lround(tally.At(0.99));
    result["wrong"] = tally.wrong;
    result["errors"] = tally.errors;
    if (!tally.first_error.empty()) result["first_error"] = tally.first_error;
    if (watch != nullptr) result["watched"] = watch->changes();
    // Of one answer to each different question, in order: the same on every server that answers the same.
    if (options.batch == 1 && options.write_share < 1) {
      const auto api = ConnectLoadApi(options.api, address, options.token);
      uint64_t checksum = 0;
      for (uint64_t n = 0; n < std::min<uint64_t>(options.different, 1'000); ++n) {
        const CheckQuestion question = (*world)->Question(n).question;
        const auto answers = api->Check({&question}, "");
        if (!answers.ok()) Die(answers.status().ToString());
        // The question counts as well, or all worlds whose answers take turns would look alike.
        for (const char c : Cat(question.resource.id, " ", question.subject.id))
          checksum = Scatter(checksum + static_cast<uint8_t>(c));
        checksum = Scatter(checksum * 2 + ((*answers)[0] ? 1 : 0));
      }
      result["checksum"] = checksum;
    }
  }
  std::cout << result.dump() << "\n";
  if (!options.json.empty()) std::ofstream(options.json) << result.dump(2) << "\n";
  if (server != nullptr) server->Stop(absl::Seconds(5));
  const bool sound = result.value("wrong", 0) == 0 && result.value("errors", 0) == 0 && result.value("stale", 0) == 0;
  return sound ? 0 : 1;
}

}  // namespace
}  // namespace mandate

int main(int argc, char** argv) {
  mandate::PrepareProcess();
  return mandate::Main(argc, argv);
}
