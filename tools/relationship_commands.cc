#include <iostream>

#include "schema/text.h"
#include "service/client.h"
#include "tools/commands.h"
#include "tools/exit_code.h"
#include "tools/validation/input.h"

namespace mandate {
namespace {

absl::StatusOr<std::vector<TupleChange>> ParseChanges(const std::vector<std::string>& texts, ChangeOp op) {
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
    std::cout << changes->size() << (changes->size() == 1 ? " relationship " : " relationships ") << done << ", token "
              << written->token << "\n";
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

int DeleteRelationships(const ClientOptions& client, const std::vector<std::string>& relationships) {
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
  return absl::InvalidArgumentError(Cat(Quote(pattern),
                                        " is no pattern; write [TYPE[:ID]][#RELATION][@[TYPE[:ID]][#RELATION]] with "
                                        "at least one part, as document:plan or @user:alice"));
}

int ReadRelationships(const ClientOptions& client, const RelationshipReadOptions& options) {
  auto filter = ParsePattern(options.pattern);
  if (!filter.ok()) return Fail(filter.status());
  absl::Status status = Client(client.server).Read(*filter, options.at, options.limit, [&](const Client::ReadRow& row) {
    std::cout << (client.json ? row.json : ToText(row.relationship)) << "\n";
  });
  return status.ok() ? static_cast<int>(kExitOk) : Fail(status);
}

}  // namespace mandate
