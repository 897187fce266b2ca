// Import as a user runs it: generated relationships through the built `mandate import` into the built `mandate serve`,
// over gRPC on this machine. Prints the rate, the peak memory of both processes, and bytes on disk. Checks that all are
// there.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "CLI/CLI.hpp"
#include "bench/bulk_world.h"
#include "schema/text.h"
#include "service/bulk_client.h"
#include "service/client.h"

namespace mandate {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string mandate;
  uint64_t relationships = 1'000'000;
  uint64_t seed = 1;
  std::vector<std::string> import_options;
};

[[noreturn]] void Die(const std::string& why) {
  std::cerr << "error: " << why << "\n";
  std::exit(1);
}

pid_t Start(std::vector<std::string> arguments, const std::string& output) {
  std::vector<char*> argv;
  for (std::string& text : arguments) argv.push_back(text.data());
  argv.push_back(nullptr);
  const int out = open(output.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
  const pid_t pid = fork();
  if (pid != 0) {
    close(out);
    return pid;
  }
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  execv(argv[0], argv.data());
  _exit(127);
}

struct Ended {
  bool ok = false;
  uint64_t peak_mib = 0;
  double cpu_seconds = 0;
};

Ended WaitFor(pid_t pid) {
  int status = 0;
  rusage usage{};
  wait4(pid, &status, 0, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return {WIFEXITED(status) && WEXITSTATUS(status) == 0, static_cast<uint64_t>(usage.ru_maxrss) / 1024,
          seconds(usage.ru_utime) + seconds(usage.ru_stime)};
}

std::string TextOf(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string AddressOf(const std::string& log) {
  for (;;) {
    const std::string text = TextOf(log);
    const size_t on = text.find(" on ");
    const size_t comma = text.find(',', on);
    if (comma != std::string::npos) return text.substr(on + 4, comma - on - 4);
    usleep(20'000);
  }
}

uint64_t BytesIn(const std::string& directory) {
  uint64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

void Generate(const Options& options, const std::string& path) {
  const BulkWorld world(options.relationships, options.seed);
  std::ofstream file(path, std::ios::binary);
  std::string text;
  for (uint64_t i = 0; i < world.size(); ++i) {
    world.AppendLine(i, &text);
    if (text.size() < (1 << 20)) continue;
    file << text;
    text.clear();
  }
  file << text;
}

void Run(const Options& options, const std::string& directory) {
  const std::string file = directory + "/world.tuples", data = directory + "/db", log = directory + "/log";
  Generate(options, file);
  std::cout << options.relationships << " relationships, " << fs::file_size(file) / options.relationships
            << " bytes of text each\n";
  const pid_t server = Start({options.mandate, "serve", "--data", data, "--listen", "127.0.0.1:0"}, log);
  const std::string address = AddressOf(log);
  if (!Client(address).WriteSchema(kBulkSchema, {}, false, nullptr).ok()) Die("the schema is refused");

  std::vector<std::string> arguments{options.mandate, "import", file, "--server", address};
  arguments.insert(arguments.end(), options.import_options.begin(), options.import_options.end());
  const auto started = std::chrono::steady_clock::now();
  const Ended client = WaitFor(Start(arguments, directory + "/out"));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  if (!client.ok) Die(TextOf(directory + "/out"));

  uint64_t stored = 0;
  const absl::Status status = BulkClient(address).Export(std::nullopt, "", "", [&](BulkClient::Page& page) {
    stored += page.relationships.size();
    return true;
  });
  if (!status.ok() || stored != options.relationships) Die(Cat("stored are ", stored, "; ", status.ToString()));
  const uint64_t bytes_serving = BytesIn(data);
  kill(server, SIGTERM);
  const Ended served = WaitFor(server);
  std::cout << "import   " << static_cast<uint64_t>(static_cast<double>(stored) / took.count()) << " relationships/s ("
            << took.count() << " s; CPU: client " << client.cpu_seconds << " s, server with the check "
            << served.cpu_seconds << " s)\n"
            << "memory   client " << client.peak_mib << " MiB, server " << served.peak_mib << " MiB at their peaks\n"
            << "disk     " << bytes_serving / stored << " bytes a relationship while serving, "
            << BytesIn(data) / stored << " stopped\n";
}

int Main(int argc, char** argv) {
  Options options;
  bool print = false;
  CLI::App app("Import of many relationships, measured as a user runs it");
  app.add_option("--mandate", options.mandate, "The binary");
  app.add_option("--relationships", options.relationships, "How many")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--seed", options.seed, "Of the generated relationships")->capture_default_str();
  app.add_flag("--print", print, "Only print them, one a line");
  app.add_option("IMPORT_OPTION", options.import_options, "Behind `--`: for `mandate import`");
  CLI11_PARSE(app, argc, argv);
  if (print) {
    Generate(options, "/dev/stdout");
    return 0;
  }
  if (options.mandate.empty()) Die("name the binary with --mandate");
  std::string directory = (fs::temp_directory_path() / "mandate-bulk-XXXXXX").string();
  if (mkdtemp(directory.data()) == nullptr) Die("no temporary directory");
  Run(options, directory);
  fs::remove_all(directory);
  return 0;
}

}  // namespace
}  // namespace mandate

int main(int argc, char** argv) { return mandate::Main(argc, argv); }
