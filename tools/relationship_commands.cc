#include <chrono>
#include <iostream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/client.h"
#include "tools/commands.h"
#include "tools/exit_code.h"

namespace mandate {
namespace {

// Faults of an import file that are shown before it is given up.
constexpr size_t kFaultsShownMax = 20;

absl::StatusOr<std::vector<TupleChange>> ParseChanges(const std::vector<std::string>& texts,
                                                      ChangeOp op) {
  std::vector<TupleChange> changes;
  for (const std::string& text : texts) {
    auto relationship = ParseRelationship(text);
    if (!relationship.ok()) {
      return absl::InvalidArgumentError(
          Cat(Quote(text), ": ", relationship.status().message()));
    }
    changes.push_back({op, *std::move(relationship)});
  }
  return changes;
}

int WriteChanges(const ClientOptions& client, const absl::StatusOr<std::vector<TupleChange>>& changes,
                 const char* done) {
  if (!changes.ok()) return Fail(changes.status());
  auto written = Client(client.server).Write(*changes);
  if (!written.ok()) return Fail(written.status());
  if (client.json) {
    std::cout << written->json << "\n";
  } else {
    std::cout << changes->size() << (changes->size() == 1 ? " relationship " : " relationships ")
              << done << ", token " << written->token << "\n";
  }
  return kExitOk;
}

}  // namespace

int WriteRelationships(const ClientOptions& client, const RelationshipWriteOptions& options) {
  const ChangeOp op = options.create ? ChangeOp::kCreate : ChangeOp::kTouch;
  return WriteChanges(client, ParseChanges(options.relationships, op), "written");
}

int DeleteRelationships(const ClientOptions& client,
                        const std::vector<std::string>& relationships) {
  return WriteChanges(client, ParseChanges(relationships, ChangeOp::kDelete), "deleted");
}

// [TYPE[:ID]][#RELATION][@TYPE[:ID][#RELATION]]
absl::StatusOr<TupleFilter> ParsePattern(const std::string& pattern) {
  TupleFilter filter;
  const size_t at = pattern.find('@');
  std::string resource = pattern.substr(0, at);
  if (const size_t hash = resource.find('#'); hash != std::string::npos) {
    filter.relation = resource.substr(hash + 1);
    resource.resize(hash);
  }
  if (const size_t colon = resource.find(':'); colon != std::string::npos) {
    filter.resource_id = resource.substr(colon + 1);
    resource.resize(colon);
  }
  filter.resource_type = resource;
  if (at != std::string::npos) {
    std::string subject = pattern.substr(at + 1);
    if (const size_t hash = subject.find('#'); hash != std::string::npos) {
      filter.subject_relation = subject.substr(hash + 1);
      if (*filter.subject_relation == "...") filter.subject_relation->clear();
      subject.resize(hash);
    }
    if (const size_t colon = subject.find(':'); colon != std::string::npos) {
      filter.subject_id = subject.substr(colon + 1);
      subject.resize(colon);
    }
    filter.subject_type = subject;
  }
  const bool empty = filter.resource_type.empty() && filter.resource_id.empty() &&
                     filter.relation.empty() && filter.subject_type.empty() &&
                     filter.subject_id.empty();
  if (empty) {
    return absl::InvalidArgumentError(
        Cat(Quote(pattern), " matches everything; write [TYPE[:ID]][#RELATION][@TYPE[:ID][#RELATION]] "
                            "with at least one part, as document:plan or @user:alice"));
  }
  return filter;
}

int ReadRelationships(const ClientOptions& client, const RelationshipReadOptions& options) {
  auto filter = ParsePattern(options.pattern);
  if (!filter.ok()) return Fail(filter.status());
  absl::Status status =
      Client(client.server)
          .Read(*filter, options.at, options.limit,
                [&](const Relationship& relationship, const std::string& json) {
                  std::cout << (client.json ? json : ToText(relationship)) << "\n";
                });
  return status.ok() ? static_cast<int>(kExitOk) : Fail(status);
}

int ImportFile(const ClientOptions& client, const std::string& file) {
  auto text = ReadFile(file);
  if (!text.ok()) return Fail(text.status());
  const auto started = std::chrono::steady_clock::now();
  std::vector<Relationship> relationships;
  std::vector<size_t> lines;
  size_t faults = 0;
  size_t line_number = 0;
  for (absl::string_view raw : absl::StrSplit(*text, '\n')) {
    ++line_number;
    const absl::string_view line = absl::StripAsciiWhitespace(raw);
    if (line.empty() || StdView(line).starts_with("//")) continue;
    auto relationship = ParseRelationship(StdView(line));
    if (!relationship.ok()) {
      if (++faults <= kFaultsShownMax) {
        std::cerr << file << ":" << line_number << ": error: " << relationship.status().message()
                  << "\n";
      }
      continue;
    }
    relationships.push_back(*std::move(relationship));
    lines.push_back(line_number);
  }
  if (faults > 0) {
    std::cerr << "error: " << faults << (faults == 1 ? " line is" : " lines are")
              << " no relationship; nothing was written\n";
    return kExitError;
  }
  auto written = Client(client.server).Import(relationships);
  if (!written.ok()) {
    // The server counts relationships; the user counts lines.
    unsigned index = 0;
    const std::string field = FieldOf(written.status());
    if ((sscanf(field.c_str(), "relationships[%u]", &index) == 1 ||
         sscanf(field.c_str(), "updates[%u]", &index) == 1) &&
        index < lines.size()) {
      std::cerr << file << ":" << lines[index] << ": " << ToText(relationships[index]) << "\n";
    }
    Fail(written.status());
    std::cerr << "nothing was written\n";
    return kExitError;
  }
  if (client.json) {
    std::cout << written->json << "\n";
    return kExitOk;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  std::cout << relationships.size() << " relationships imported in "
            << static_cast<int>(took.count() * 1000) << " ms, token " << written->token << "\n";
  return kExitOk;
}

}  // namespace mandate
