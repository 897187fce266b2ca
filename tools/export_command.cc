// Export writes what comes page by page. Each page ends at a cursor, so that one that breaks off can be gone on with
// behind the last whole page, at the same revision; a connection that is lost is taken up again here, some times.
#include <iostream>
#include <optional>

#include "absl/time/clock.h"
#include "nlohmann/json.hpp"
#include "schema/text.h"
#include "service/bulk_client.h"
#include "tools/bulk/byte_sink.h"
#include "tools/bulk/relationship_writer.h"
#include "tools/bulk_commands.h"
#include "tools/exit_code.h"
#include "tools/progress.h"

namespace mandate {
namespace {

// How often a lost connection is taken up again without a page between; each time at once, for gRPC itself waits
// longer and longer before it connects.
constexpr int kAttemptsMax = 5;

absl::StatusOr<Format> OutputFormat(const ExportOptions& options) {
  auto format = FormatOf(options.output, options.format);
  if (format.ok() && IsDirectory(*format)) {
    return InvalidArgument(
        Cat("relationships are not written as ", FormatName(*format), "; write --format tuples, csv or ndjson"));
  }
  return format;
}

class Export {
 public:
  Export(const ClientOptions& client, const ExportOptions& options, Format format)
      : client_(client), options_(options), format_(format), at_(options.at), cursor_(options.cursor) {}

  int Run(const std::optional<TupleFilter>& filter) {
    const bool goes_on = !options_.cursor.empty();
    auto sink = ByteSink::Open(options_.output, goes_on ? ByteSink::Begin::kBehindPart : ByteSink::Begin::kNew);
    if (!sink.ok()) return Fail(sink.status());
    sink_ = *std::move(sink);
    absl::Status status = goes_on ? absl::OkStatus() : sink_->Write(HeaderLine(format_));
    if (status.ok()) status = ReadAll(filter);
    progress_.Clear();
    if (!status.ok()) return TellHowToGoOn(status);
    if (absl::Status finished = sink_->Finish(); !finished.ok()) return Fail(finished);
    Report();
    return kExitOk;
  }

 private:
  absl::Status ReadAll(const std::optional<TupleFilter>& filter) {
    absl::Status status;
    for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
      absl::Status written;
      status = bulk_.Export(filter, at_, cursor_, [&](BulkClient::Page& page) {
        lines_.clear();
        for (const Relationship& relationship : page.relationships) AppendLine(format_, relationship, &lines_);
        if (written = sink_->Write(lines_); !written.ok()) return false;
        at_ = page.token;
        cursor_ = page.cursor;
        count_ += page.relationships.size();
        attempt = 0;
        progress_.Show({count_, 0, 0});
        return true;
      });
      status.Update(written);
      // Before the first page there is nothing to go on with.
      if (!absl::IsUnavailable(status) || cursor_.empty() || !written.ok()) return status;
    }
    return status;
  }

  int TellHowToGoOn(const absl::Status& status) {
    const absl::Status paused = sink_->Pause();
    Fail(status);
    if (cursor_.empty() || !paused.ok()) return kExitError;
    std::cerr << count_ << " relationships were written; to go on behind them: mandate export "
              << (options_.pattern.empty() ? "" : Cat("'", options_.pattern, "' ")) << "--at " << at_ << " --cursor "
              << cursor_ << " --format " << FormatName(format_)
              << (options_.output == "-" ? " >> the same output" : Cat(" --output ", options_.output)) << "\n";
    return kExitError;
  }

  void Report() const {
    // Standard output has the relationships, when no file was named.
    std::ostream& out = options_.output == "-" ? std::cerr : std::cout;
    if (client_.json) {
      out << nlohmann::json{{"exported_at", {{"token", at_}}}, {"relationships_count", count_}}.dump() << "\n";
    } else if (options_.output != "-") {
      const absl::Duration took = absl::Now() - started_;
      out << count_ << (count_ == 1 ? " relationship" : " relationships") << " exported in "
          << absl::ToInt64Milliseconds(took) << " ms" << (at_.empty() ? "" : Cat(", token ", at_)) << "\n";
    }
  }

  const ClientOptions& client_;
  const ExportOptions& options_;
  const Format format_;
  const absl::Time started_ = absl::Now();
  std::string at_;      // Once a page has come: its revision.
  std::string cursor_;  // Behind the last page that was written.
  uint64_t count_ = 0;
  std::unique_ptr<ByteSink> sink_;
  std::string lines_;
  Progress progress_{"exporting"};
  BulkClient bulk_{client_.server};
};

}  // namespace

int ExportRelationships(const ClientOptions& client, const ExportOptions& options) {
  auto format = OutputFormat(options);
  if (!format.ok()) return Fail(format.status());
  if (!options.cursor.empty() && options.at.empty()) {
    return Fail(InvalidArgument("a cursor goes on at one revision; name it with --at"));
  }
  std::optional<TupleFilter> filter;
  if (!options.pattern.empty()) {
    auto parsed = ParsePattern(options.pattern);
    if (!parsed.ok()) return Fail(parsed.status());
    filter = *std::move(parsed);
  }
  return Export(client, options, *format).Run(filter);
}

}  // namespace mandate
