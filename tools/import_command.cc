// Import judges every line, by the form of relationships and by the schema in force, before anything is written; so one
// wrong line anywhere leaves the server untouched, with memory that does not grow. It sends while it judges: a stream
// is written when it is said to be complete, and not before, and the server keeps it on disk until then.
//
// A batch is a stream, and as much as a server takes unless the user says otherwise. So mostly there is one, and the
// files are read once. Of more than a batch the first is sent while all is judged, and completed when all is right; the
// others are read and sent in a second pass. When such an import is interrupted, whole batches are there; started
// again, TOUCH leaves them as they are and goes on.
#include <inttypes.h>

#include <filesystem>
#include <iostream>
#include <optional>

#include "absl/time/clock.h"
#include "nlohmann/json.hpp"
#include "schema/compiler.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/bulk_client.h"
#include "service/client.h"
#include "tools/bulk/byte_sink.h"
#include "tools/bulk/relationship_reader.h"
#include "tools/bulk_commands.h"
#include "tools/exit_code.h"
#include "tools/progress.h"

namespace mandate {
namespace {

// Sent together: what a message of the stream holds.
constexpr size_t kSendMax = 2000;

// So many take the server some seconds, behind the last that is sent.
constexpr uint64_t kTellFrom = 1'000'000;

struct Source {
  InputFile file;
  Format format;
};

class Import {
 public:
  Import(const ClientOptions& client, const ImportOptions& options) : client_(client), options_(options) {}

  int Run() {
    absl::Status status = Prepare();
    if (!status.ok()) return Fail(status);
    status = JudgeAndSendFirst();
    if (refused_) return TellRefusal(status);
    if (!status.ok()) return Fail(status);
    if (MayNotBeWritten()) return TellFaults();
    if (count_ == 0) return Fail(NothingToImport());
    status = EndBatch();
    if (status.ok() && written_ < count_) status = SendRest();
    progress_.reset();
    if (!status.ok()) return TellRefusal(status);
    Report();
    return kExitOk;
  }

 private:
  absl::Status Prepare() {
    for (const std::string& name : options_.files) {
      auto format = FormatOf(name, options_.format);
      auto file = InputFile::Open(name);
      if (!file.ok()) return file.status();
      if (!format.ok()) return format.status();
      if (IsDirectory(*format)) {
        return InvalidArgument(
            Cat(Quote(name), " is a directory's export, not relationships; `mandate sync` reads it"));
      }
      sources_.push_back({*std::move(file), *format});
    }
    if (!options_.skip_invalid.empty()) {
      for (const std::string& name : options_.files) {
        std::error_code error;
        if (!std::filesystem::equivalent(name, options_.skip_invalid, error)) continue;
        return InvalidArgument(Cat("--skip-invalid ", Quote(options_.skip_invalid), " would replace what is imported"));
      }
      auto sink = ByteSink::Open(options_.skip_invalid, ByteSink::Begin::kNew);
      if (!sink.ok()) return sink.status();
      skipped_ = *std::move(sink);
    }
    auto schema = Client(client_.server).ReadSchema("");
    if (!schema.ok()) return schema.status();
    schema_ = CompileSchema(schema->schema).schema;
    return schema_ ? absl::OkStatus() : absl::InternalError("the server's schema does not compile here");
  }

  // Calls `visit` with each record of all files that holds a relationship, `fault` with the others.
  template <typename Visit, typename Fault>
  absl::Status ForEachRecord(const char* doing, const Visit& visit, const Fault& fault) {
    progress_.emplace(doing);
    uint64_t done = 0, bytes_before = 0, bytes = 0;
    for (const Source& source : sources_) bytes += source.file.size_bytes();
    for (Source& source : sources_) {
      auto opened = source.file.Read();
      if (!opened.ok()) return opened.status();
      auto reader = RelationshipReader::Make(source.format, opened->get());
      absl::StatusOr<bool> more = false;
      while ((more = reader->Next()).ok() && *more) {
        const RelationshipReader::Record& record = reader->record();
        absl::Status status = record.relationship.status();
        if (status.ok()) status = ValidateRelationship(*schema_, *record.relationship, Intent::kStore);
        status = status.ok() ? visit(source, record) : fault(source, *reader, status);
        if (!status.ok()) return status;
        if (++done % 1024 == 0) progress_->Show({done, bytes_before + source.file.read_bytes(), bytes});
      }
      if (!more.ok()) {
        return absl::Status(more.status().code(),
                            Cat(source.file.name(), ":", reader->record().line, ": ", more.status().message()));
      }
      bytes_before += source.file.size_bytes();
    }
    return absl::OkStatus();
  }

  bool MayNotBeWritten() const { return faults_ > 0 && options_.skip_invalid.empty(); }

  absl::Status JudgeAndSendFirst() {
    absl::Status status = ForEachRecord(
        "importing",
        [&](const Source&, const RelationshipReader::Record& record) {
          if (++count_ > options_.batch || MayNotBeWritten()) return absl::OkStatus();
          absl::Status sent = Take(record);
          refused_ = !sent.ok();
          return sent;
        },
        [&](const Source& source, const RelationshipReader& reader, const absl::Status& wrong) {
          if (++faults_ <= options_.errors_max) {
            progress_->Clear();
            std::cerr << source.file.name() << ":" << reader.record().line
                      << ": error: " << std::string(wrong.message()) << "\n";
          }
          if (MayNotBeWritten()) stream_.reset();  // Lets the server forget it.
          return SetAside(reader);
        });
    progress_.reset();
    if (status.ok() && skipped_) status = skipped_->Finish();
    return status;
  }

  absl::Status SetAside(const RelationshipReader& reader) {
    if (!skipped_) return absl::OkStatus();
    if (!reader.header().empty() && reader.header() != skipped_header_) {
      skipped_header_ = std::string(reader.header());
      if (absl::Status status = skipped_->Write(skipped_header_ + "\n"); !status.ok()) return status;
    }
    return skipped_->Write(Cat(reader.record().text, "\n"));
  }

  absl::Status SendRest() {
    uint64_t passed = 0;
    const uint64_t sent = written_;
    absl::Status status = ForEachRecord(
        "importing",
        [&](const Source&, const RelationshipReader::Record& record) {
          if (passed++ < sent) return absl::OkStatus();
          absl::Status taken = Take(record);
          return taken.ok() && in_batch_ == options_.batch ? EndBatch() : taken;
        },
        [&](const Source& source, const RelationshipReader& reader, const absl::Status& wrong) {
          if (!options_.skip_invalid.empty()) return absl::OkStatus();
          return absl::AbortedError(Cat(source.file.name(), ":", reader.record().line,
                                        ": the file changed while it was read: ", wrong.message()));
        });
    if (!status.ok()) return status;
    return in_batch_ == 0 ? absl::OkStatus() : EndBatch();
  }

  absl::Status Take(const RelationshipReader::Record& record) {
    pending_.push_back(*record.relationship);
    ++in_batch_;
    return pending_.size() < kSendMax ? absl::OkStatus() : SendPending();
  }

  absl::Status SendPending() {
    if (!stream_) stream_ = bulk_.Import(options_.create ? ChangeOp::kCreate : ChangeOp::kTouch);
    const bool goes_on = stream_->Send(pending_);
    if (goes_on) {
      pending_.clear();
      return absl::OkStatus();
    }
    const absl::Status why = stream_->Finish().status();
    return why.ok() ? absl::InternalError("the server ended the import early") : why;
  }

  absl::Status EndBatch() {
    if (absl::Status status = SendPending(); !status.ok()) return status;
    if (in_batch_ >= kTellFrom) {
      if (progress_) progress_->Clear();
      std::cerr << "sent; the server puts " << in_batch_ << " relationships in order and takes them in\n";
    }
    auto imported = stream_->Finish();
    stream_.reset();
    if (!imported.ok()) return imported.status();
    token_ = imported->token;
    written_ += in_batch_;
    ++revisions_;
    in_batch_ = 0;
    return absl::OkStatus();
  }

  int TellFaults() const {
    if (faults_ > options_.errors_max) std::cerr << "and " << faults_ - options_.errors_max << " more\n";
    std::cerr << "error: " << faults_ << (faults_ == 1 ? " line is" : " lines are")
              << " no relationship; nothing was written\n";
    return kExitError;
  }

  absl::Status NothingToImport() const {
    std::string names;
    for (const Source& source : sources_) names += Cat(names.empty() ? "" : ", ", Quote(source.file.name()));
    return InvalidArgument(
        Cat(names, sources_.size() == 1 ? " holds" : " hold", " no relationship", faults_ > 0 ? " that is right" : ""));
  }

  // The server counts the relationships of a stream, the user counts lines: they are read once more, up to that one.
  void TellPlace(const absl::Status& refusal) {
    uint64_t index = 0;
    const std::string field = FieldOf(refusal);
    if (sscanf(field.c_str(), "relationships[%" SCNu64 "]", &index) != 1) return;
    std::string place;
    uint64_t seen = 0;
    (void)ForEachRecord(
        "looking for the line",
        [&](const Source& source, const RelationshipReader::Record& record) {
          if (seen++ < written_ + index) return absl::OkStatus();
          place = Cat(source.file.name(), ":", record.line);
          return absl::CancelledError("found");
        },
        [](const Source&, const RelationshipReader&, const absl::Status&) { return absl::OkStatus(); });
    progress_.reset();
    if (!place.empty()) std::cerr << place << ": refused by the server\n";
  }

  int TellRefusal(const absl::Status& status) {
    TellPlace(status);
    Fail(status);
    if (written_ == 0) {
      std::cerr << "nothing was written\n";
    } else {
      std::cerr << "the first " << written_ << " relationships are written, in " << revisions_
                << " revisions; started again with --touch, the import passes over them\n";
    }
    return kExitError;
  }

  void Report() const {
    const double seconds = absl::ToDoubleSeconds(absl::Now() - started_);
    if (client_.json) {
      std::cout << nlohmann::json{{"written_at", {{"token", token_}}},
                                  {"relationships_count", written_},
                                  {"skipped_count", faults_},
                                  {"revisions_count", revisions_},
                                  {"seconds", seconds}}
                       .dump()
                << "\n";
      return;
    }
    std::cout << written_ << (written_ == 1 ? " relationship" : " relationships") << " imported in "
              << static_cast<int64_t>(seconds * 1000) << " ms, ";
    if (revisions_ > 1) std::cout << revisions_ << " revisions, ";
    if (faults_ > 0) std::cout << faults_ << " set aside in " << options_.skip_invalid << ", ";
    std::cout << "token " << token_ << "\n";
  }

  const ClientOptions& client_;
  const ImportOptions& options_;
  const absl::Time started_ = absl::Now();
  std::vector<Source> sources_;
  std::unique_ptr<ByteSink> skipped_;
  std::string skipped_header_;
  std::shared_ptr<const Schema> schema_;
  std::optional<Progress> progress_;
  uint64_t count_ = 0;
  uint64_t faults_ = 0;

  BulkClient bulk_{client_.server};
  std::unique_ptr<BulkClient::ImportStream> stream_;
  std::vector<Relationship> pending_;
  uint64_t in_batch_ = 0;  // Of the stream under way.
  bool refused_ = false;   // The server ended it.
  uint64_t written_ = 0;
  uint64_t revisions_ = 0;
  std::string token_;
};

}  // namespace

int ImportFiles(const ClientOptions& client, const ImportOptions& options) { return Import(client, options).Run(); }

}  // namespace mandate
