// Sync in four steps, each of which streams: the source becomes sorted records; the stored relationships of the domain,
// all at one revision, become sorted records; both are merged into a list of changes, which is counted and judged
// before anything is written; the list is applied batch by batch.
//
// Nothing is written unless the whole source was read and everything in it could be taken over (or --skip-refused), and
// unless few enough relationships would go (--max-delete). A batch is one write at one revision, with a precondition
// for each change: if anybody else has added or removed one of these since the snapshot, it is refused, and the sync
// ends. Killed or ended between batches, what is stored lies between what was and what is to be, no object in the
// middle of its changes unless it has more than a batch can hold; the next run computes the rest.
#include <cmath>
#include <iostream>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "nlohmann/json.hpp"
#include "schema/compiler.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/bulk_client.h"
#include "service/client.h"
#include "tools/bulk/relationship_reader.h"
#include "tools/bulk_commands.h"
#include "tools/exit_code.h"
#include "tools/progress.h"
#include "tools/sync/difference.h"
#include "tools/sync/entry_mapper.h"
#include "tools/sync/ldif_reader.h"
#include "tools/sync/relationship_record.h"
#include "tools/sync/scim_reader.h"

namespace mandate {
namespace {

constexpr size_t kRefusalsShownMax = 20;

// How many relationships may go: `5%` of those that are stored in the domain, or a number.
struct DeleteLimit {
  double share = -1;
  uint64_t count = 0;
  bool Allows(const DifferenceCounts& counts) const {
    return share < 0 ? counts.removed <= count
                     : static_cast<double>(counts.removed) <= share * static_cast<double>(counts.stored);
  }
};

absl::StatusOr<DeleteLimit> ParseDeleteLimit(const std::string& text) {
  DeleteLimit limit;
  const bool percent = !text.empty() && text.back() == '%';
  double number = 0;
  if (percent && absl::SimpleAtod(AbslView(std::string_view(text).substr(0, text.size() - 1)), &number) &&
      number >= 0 && number <= 100) {
    limit.share = number / 100;
    return limit;
  }
  if (!percent && absl::SimpleAtoi(text, &limit.count)) return limit;
  return InvalidArgument(Cat("--max-delete ", Quote(text), " is neither a share, as 5%, nor a number, as 100"));
}

class Sync {
 public:
  Sync(const ClientOptions& client, const SyncOptions& options) : client_(client), options_(options) {}

  int Run() {
    absl::Status status = Prepare();
    if (status.ok()) status = ReadSource();
    if (status.ok() && !Admitted()) return TellRefusals();
    if (status.ok()) status = ReadStored();
    progress_.reset();
    if (status.ok()) status = difference_.Compute(&source_, &stored_, &refusals_);
    if (!status.ok()) return Fail(status);
    if (!Admitted()) return TellRefusals();
    if (options_.dry_run) return TellDifference();
    if (status = AdmitDeletions(); !status.ok()) return Fail(status);
    status = Apply();
    progress_.reset();
    Report(status.ok() ? difference_.counts() : applied_, status);
    if (status.ok()) return kExitOk;
    Fail(status);
    return kExitError;
  }

 private:
  absl::Status Prepare() {
    auto limit = ParseDeleteLimit(options_.max_delete);
    if (!limit.ok()) return limit.status();
    limit_ = *limit;
    auto text = ReadFile(options_.mapping);
    if (!text.ok()) return text.status();
    auto mapping = ParseMapping(options_.mapping, *text);
    if (!mapping.ok()) return mapping.status();
    mapping_ = *std::move(mapping);
    for (const std::string& name : options_.sources) {
      auto format = FormatOf(name, options_.format);
      if (!format.ok()) return format.status();
      formats_.push_back(*format);
      if (IsDirectory(*format) && mapping_.entries.empty()) {
        return InvalidArgument(Cat(options_.mapping, ": the source ", Quote(name),
                                   " is a directory, and the mapping has no `entries` that say what becomes of it"));
      }
      if (*format != formats_.front() && (IsDirectory(*format) || IsDirectory(formats_.front()))) {
        return InvalidArgument("sources of one sync are of one kind: directories of one format, or relationships");
      }
    }
    auto schema = Client(client_.server).ReadSchema("");
    if (!schema.ok()) return schema.status();
    snapshot_ = schema->token;
    schema_ = CompileSchema(schema->schema).schema;
    return schema_ ? absl::OkStatus() : absl::InternalError("the server's schema does not compile here");
  }

  absl::Status ReadSource() {
    progress_.emplace("reading the source");
    const Format format = formats_.front();
    std::optional<EntryMapper> mapper;
    if (IsDirectory(format)) {
      mapper.emplace(&mapping_, format == Format::kLdif ? "dn" : "id", &refusals_,
                     [this](const Relationship& relationship) { return Want(relationship, ToText(relationship)); });
    }
    for (size_t i = 0; i < options_.sources.size(); ++i) {
      auto file = InputFile::Open(options_.sources[i]);
      if (!file.ok()) return file.status();
      auto source = file->Read();
      if (!source.ok()) return source.status();
      absl::Status status;
      if (mapper) {
        mapper->BeginFile(file->name());
        status = format == Format::kLdif ? ReadLdif(source->get(), &*mapper) : ReadScim(source->get(), &*mapper);
        // Faults of the text begin with their line.
        if (absl::IsInvalidArgument(status)) status = InvalidArgument(Cat(file->name(), ":", status.message()));
      } else {
        status = ReadRelationships(formats_[i], *file, source->get());
      }
      if (!status.ok()) return status;
    }
    if (!mapper) return source_.Sort();
    if (absl::Status status = mapper->Finish(); !status.ok()) return status;
    left_out_ += mapper->left_out();
    return source_.Sort();
  }

  absl::Status ReadRelationships(Format format, const InputFile& file, ByteSource* bytes) {
    auto reader = RelationshipReader::Make(format, bytes);
    absl::StatusOr<bool> more = false;
    while ((more = reader->Next()).ok() && *more) {
      const auto& [line, text, relationship] = reader->record();
      const std::string place = Cat(file.name(), ":", line);
      progress_->Show({wanted_, file.read_bytes(), file.size_bytes()});
      if (!relationship.ok()) {
        refusals_.Add(Cat(place, ": ", relationship.status().message()));
      } else if (absl::Status status = Want(*relationship, place); !status.ok()) {
        return status;
      }
    }
    if (more.ok()) return absl::OkStatus();
    return absl::Status(more.status().code(),
                        Cat(file.name(), ":", reader->record().line, ": ", more.status().message()));
  }

  // One relationship of the source, or why it is none.
  absl::Status Want(const Relationship& relationship, const std::string& place) {
    if (relationship.expires_at <= started_) return ++left_out_, absl::OkStatus();
    if (!mapping_.Covers(relationship)) {
      if (mapping_.leave_out_outside) return ++left_out_, absl::OkStatus();
      refusals_.Add(Cat(place, ": ", ToText(relationship.resource), "#", relationship.relation,
                        " lies outside of the mapping's domain; `outside: leave_out` passes over it"));
      return absl::OkStatus();
    }
    absl::Status status = ValidateRelationship(*schema_, relationship, Intent::kStore);
    if (!status.ok()) {
      refusals_.Add(Cat(place, ": ", status.message()));
      return absl::OkStatus();
    }
    ++wanted_;
    return source_.Add(RecordOf(relationship));
  }

  absl::Status ReadStored() {
    progress_.emplace("reading what is stored");
    uint64_t read = 0;
    for (const DomainPart& part : mapping_.domain) {
      TupleFilter filter{.resource_type = part.type, .resource_id_prefix = part.id_prefix};
      if (part.relations.size() == 1) filter.relation = part.relations[0];
      absl::Status added;
      absl::Status status = bulk_.Export(filter, snapshot_, "", [&](BulkClient::Page& page) {
        for (const Relationship& relationship : page.relationships) {
          if (part.Covers(relationship)) added.Update(stored_.Add(RecordOf(relationship)));
        }
        progress_->Show({read += page.relationships.size(), 0, 0});
        return added.ok();
      });
      status.Update(added);
      if (!status.ok()) return status;
    }
    return stored_.Sort();
  }

  bool Admitted() const { return refusals_.count() == 0 || options_.skip_refused; }

  int TellRefusals() {
    progress_.reset();
    ShowRefusals(std::cerr);
    std::cerr << "error: " << refusals_.count()
              << " of the source cannot be taken over; nothing was written (--skip-refused goes on without)\n";
    return kExitError;
  }

  void ShowRefusals(std::ostream& out) const {
    size_t shown = 0;
    for (const std::string& text : refusals_.kept()) {
      if (++shown > kRefusalsShownMax) break;
      out << "refused: " << text << "\n";
    }
    if (refusals_.count() > kRefusalsShownMax) out << "and " << refusals_.count() - kRefusalsShownMax << " more\n";
  }

  std::string TooManyDeletions() const {
    const DifferenceCounts& counts = difference_.counts();
    const double percent = 100.0 * static_cast<double>(counts.removed) / static_cast<double>(counts.stored);
    const auto above = static_cast<uint64_t>(std::ceil(percent));
    return Cat("the sync would remove ", counts.removed, " of ", counts.stored,
               " relationships, more than --max-delete ", options_.max_delete,
               "; is the source whole? See which with --dry-run --lines, and allow it with "
               "--max-delete ",
               std::min<uint64_t>(above, 100), "%");
  }

  absl::Status AdmitDeletions() const {
    if (limit_.Allows(difference_.counts())) return absl::OkStatus();
    return WithReason(absl::FailedPreconditionError(Cat(TooManyDeletions(), ". Nothing was written")),
                      "TOO_MANY_DELETIONS");
  }

  int TellDifference() {
    if (options_.lines) {
      absl::Status status = difference_.ForEach([](StoredDifferenceKind kind, const Relationship& relationship) {
        std::cout << static_cast<char>(kind) << " " << ToText(relationship) << "\n";
        return absl::OkStatus();
      });
      if (!status.ok()) return Fail(status);
    }
    Report(difference_.counts(), absl::OkStatus());
    if (!limit_.Allows(difference_.counts())) std::cerr << "note: " << TooManyDeletions() << "\n";
    return kExitOk;
  }

  absl::Status Apply() {
    progress_.emplace("applying");
    const std::string metadata = nlohmann::json{{"sync", {{"mapping", options_.mapping}}}}.dump();
    return difference_.ForEachBatch(BulkClient::kUpdatesMax, [&](const DifferenceBatch& batch) {
      auto written = bulk_.Write(batch.changes, batch.preconditions, metadata);
      if (!written.ok()) return WhileApplying(written.status());
      token_ = *written;
      ++revisions_;
      applied_.added += batch.counts.added;
      applied_.changed += batch.counts.changed;
      applied_.removed += batch.counts.removed;
      progress_->Show({applied_.changes(), applied_.changes(), difference_.counts().changes()});
      return absl::OkStatus();
    });
  }

  absl::Status WhileApplying(const absl::Status& status) const {
    if (ReasonOf(status) != "PRECONDITION_FAILED") return status;
    return WithReason(
        absl::AbortedError(Cat("somebody else changed the same relationships meanwhile: ", status.message(),
                               "; run the sync again, it goes on from what is stored now")),
        "CONCURRENT_CHANGE");
  }

  void Report(const DifferenceCounts& counts, const absl::Status& status) const {
    const double seconds = absl::ToDoubleSeconds(absl::Now() - started_);
    const std::string& token = token_.empty() ? snapshot_ : token_;
    if (client_.json) {
      nlohmann::json report{{"added", counts.added},
                            {"removed", counts.removed},
                            {"changed", counts.changed},
                            {"unchanged", difference_.counts().unchanged},
                            {"left_out", left_out_},
                            {"refused", {{"count", refusals_.count()}, {"reasons", refusals_.kept()}}},
                            {"dry_run", options_.dry_run},
                            {"complete", status.ok()},
                            {"revisions_count", revisions_},
                            {"seconds", seconds},
                            {options_.dry_run || revisions_ == 0 ? "read_at" : "written_at", {{"token", token}}}};
      std::cout << report.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
      return;
    }
    ShowRefusals(std::cerr);
    std::cout << (options_.dry_run ? "would be: "
                  : status.ok()    ? ""
                                   : "until then: ")
              << counts.added << " added, " << counts.removed << " removed, " << counts.changed << " changed, "
              << difference_.counts().unchanged << " unchanged, " << refusals_.count() << " refused, " << left_out_
              << " left out; " << static_cast<int64_t>(seconds * 1000) << " ms, " << revisions_
              << (revisions_ == 1 ? " revision" : " revisions") << ", token " << token << "\n";
  }

  const ClientOptions& client_;
  const SyncOptions& options_;
  const absl::Time started_ = absl::Now();
  DeleteLimit limit_;
  Mapping mapping_;
  std::vector<Format> formats_;  // Of each source.
  std::shared_ptr<const Schema> schema_;
  std::string snapshot_;  // The token of the revision that everything is compared at.
  std::optional<Progress> progress_;
  Refusals refusals_;
  uint64_t left_out_ = 0;
  uint64_t wanted_ = 0;
  RecordSorter source_;
  RecordSorter stored_;
  StoredDifference difference_;
  BulkClient bulk_{client_.server};
  DifferenceCounts applied_;
  uint64_t revisions_ = 0;
  std::string token_;
};

}  // namespace

int SyncSource(const ClientOptions& client, const SyncOptions& options) { return Sync(client, options).Run(); }

}  // namespace mandate
