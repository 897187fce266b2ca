#include <chrono>
#include <iostream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/client.h"
#include "tools/commands.h"
#include "tools/exit_code.h"
#include "tools/validation/input.h"

namespace mandate {
namespace {

// Faults of an import file that are shown before it is given up.
constexpr size_t kFaultsShownMax = 20;

absl::StatusOr<std::vector<TupleChange>> ParseChanges(const std::vector<std::string>& texts,
                                                      ChangeOp op) {
  std::vector<TupleChange> changes;
  for (const std::string& text : texts) {
    auto relationship = ParseRelationship(text);
    if (!relationship.ok()) return About(text, relationship.status());
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

// TYPE, TYPE:ID. False if a part that its separator announces is missing, or an id comes without a type.
bool CutPattern(const std::string& text, std::string* type, std::string* id) {
  const size_t colon = text.find(':');
  *type = text.substr(0, colon);
  if (colon == std::string::npos) return true;
  *id = text.substr(colon + 1);
  return !type->empty() && !id->empty();
}

// Takes `#RELATION` off the end of `text`. False if there is a `#` and nothing behind it.
bool CutRelation(std::string* text, std::string* relation) {
  const size_t hash = text->find('#');
  if (hash == std::string::npos) return true;
  *relation = text->substr(hash + 1);
  text->resize(hash);
  return !relation->empty();
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

absl::StatusOr<TupleFilter> ParsePattern(const std::string& pattern) {
  TupleFilter filter;
  const size_t at = pattern.find('@');
  std::string resource = pattern.substr(0, at);
  bool complete = !pattern.empty() && CutRelation(&resource, &filter.relation) &&
                  CutPattern(resource, &filter.resource_type, &filter.resource_id);
  if (complete && at != std::string::npos) {
    std::string subject = pattern.substr(at + 1);
    std::string relation;
    complete = !subject.empty() && CutRelation(&subject, &relation) &&
               CutPattern(subject, &filter.subject_type, &filter.subject_id);
    if (!relation.empty()) filter.subject_relation = relation == "..." ? "" : relation;
  }
  if (complete) return filter;
  return absl::InvalidArgumentError(
      Cat(Quote(pattern), " is no pattern; write [TYPE[:ID]][#RELATION][@[TYPE[:ID]][#RELATION]] with "
                          "at least one part, as document:plan or @user:alice"));
}

int ReadRelationships(const ClientOptions& client, const RelationshipReadOptions& options) {
  auto filter = ParsePattern(options.pattern);
  if (!filter.ok()) return Fail(filter.status());
  absl::Status status =
      Client(client.server)
          .Read(*filter, options.at, options.limit, [&](const Client::ReadRow& row) {
            std::cout << (client.json ? row.json : ToText(row.relationship)) << "\n";
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
  if (faults > kFaultsShownMax) std::cerr << "and " << faults - kFaultsShownMax << " more\n";
  if (faults > 0) {
    std::cerr << "error: " << faults << (faults == 1 ? " line is" : " lines are")
              << " no relationship; nothing was written\n";
    return kExitError;
  }
  if (relationships.empty()) {
    return Fail(absl::InvalidArgumentError(Cat(Quote(file), " holds no relationship")));
  }
  auto written = Client(client.server).Import(relationships);
  if (!written.ok()) {
    // The server counts relationships; the user counts lines.
    unsigned index = 0;
    const std::string field = FieldOf(written.status());
    if (sscanf(field.c_str(), "relationships[%u]", &index) == 1 && index < lines.size()) {
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
  std::cout << relationships.size()
            << (relationships.size() == 1 ? " relationship" : " relationships") << " imported in "
            << static_cast<int>(took.count() * 1000) << " ms, token " << written->token << "\n";
  return kExitOk;
}

}  // namespace mandate
