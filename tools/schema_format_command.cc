// `mandate schema fmt`.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "schema/diagnostic_sink.h"
#include "schema/parser.h"
#include "schema/printer.h"
#include "schema/text.h"
#include "tools/commands.h"
#include "tools/exit_code.h"
#include "tools/validation/input.h"

namespace mandate {
namespace {

namespace fs = std::filesystem;

// A file and its canonical form; nullopt, and the errors told, if it cannot be read.
struct Formatted {
  std::string text;
  std::string canonical;
};
std::optional<Formatted> Format(const std::string& file) {
  auto text = ReadFile(file);
  if (!text.ok()) {
    Fail(text.status());
    return std::nullopt;
  }
  DiagnosticSink sink(*text);
  const syntax::File parsed = syntax::ParseSchema(*text, sink);
  if (sink.has_errors()) {
    std::cerr << RenderDiagnostics(FileName(file), *text, sink.Finish());
    return std::nullopt;
  }
  return Formatted{*text, syntax::FormatSchema(parsed)};
}

// Whole or not at all: beside the file first, then in its place. A link stays one.
absl::Status Replace(const std::string& file, const std::string& text) {
  std::error_code error;
  const fs::path target = fs::canonical(file, error);
  const fs::path fresh = Cat(target.string(), ".mandate-fmt-", getpid());
  std::ofstream stream(fresh, std::ios::binary);
  stream << text;
  stream.close();
  const fs::perms permissions = fs::status(target, error).permissions();
  if (!error && stream.good()) fs::permissions(fresh, permissions, error);
  if (!error && stream.good()) fs::rename(fresh, target, error);
  if (!error && stream.good()) return absl::OkStatus();
  std::error_code ignored;
  fs::remove(fresh, ignored);
  return absl::PermissionDeniedError(Cat("cannot write ", Quote(file), "; it is as it was"));
}

}  // namespace

int FormatSchemaFiles(const SchemaFormatOptions& options) {
  std::vector<std::string> files = options.files;
  if (files.empty()) files = {"-"};
  if (options.write && std::find(files.begin(), files.end(), "-") != files.end()) {
    std::cerr << "error: --write needs files; standard input cannot be written to\n";
    return kExitUsage;
  }
  int code = kExitOk;
  for (const std::string& file : files) {
    const std::optional<Formatted> formatted = Format(file);
    if (!formatted.has_value()) {
      code = kExitError;
      continue;
    }
    const bool differs = formatted->text != formatted->canonical;
    if (options.check) {
      if (differs) std::cout << FileName(file) << "\n";
      if (differs && code == kExitOk) code = kExitDifferent;
    } else if (!options.write) {
      std::cout << formatted->canonical;
    } else if (differs) {
      const absl::Status written = Replace(file, formatted->canonical);
      if (!written.ok()) code = Fail(written);
      if (written.ok()) std::cout << file << "\n";
    }
  }
  return code;
}

}  // namespace mandate
