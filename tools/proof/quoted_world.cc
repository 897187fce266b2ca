// A relationship is as old as the write since which it has stood, and a write that changes nothing but its expiry keeps
// its age (storage/commit.cc). So one that is older than its last write is written twice: at its birth with another
// expiry, and as it stands where it was written.
#include "tools/proof/quoted_world.h"

#include <algorithm>
#include <map>
#include <utility>
#include <variant>

#include "schema/diagnostic_sink.h"
#include "schema/parser.h"
#include "schema/printer.h"
#include "schema/text.h"

namespace mandate {
namespace {

// A server may allow longer chains than the default; how long is its own affair, and nothing that a proof shows.
constexpr size_t kChainAgentsMax = 16;
// Past any revision that a database can reach.
constexpr uint64_t kRevisionMax = uint64_t{1} << 62;

std::string WithoutRules(const std::string& schema_text) {
  DiagnosticSink sink(schema_text);
  syntax::File file = syntax::ParseSchema(schema_text, sink);
  for (syntax::Item& item : file.items) {
    auto* definition = std::get_if<syntax::Definition>(&item);
    if (definition == nullptr) continue;
    std::erase_if(definition->members,
                  [](const syntax::Member& member) { return member.kind == syntax::MemberKind::kRule; });
  }
  return syntax::FormatSchema(file);
}

}  // namespace

absl::StatusOr<std::unique_ptr<QuotedWorld>> QuotedWorld::Open(const std::string& schema_text,
                                                               const std::vector<QuotedRelationship>& relationships,
                                                               absl::Time moment) {
  auto world = std::unique_ptr<QuotedWorld>(new QuotedWorld(moment));
  DatabaseOptions options;
  options.store.in_memory = true;
  options.store.clock = [moment] { return moment; };
  options.check.chain_agents_max = kChainAgentsMax;
  auto database = Database::Open(options);
  if (!database.ok()) return database.status();
  world->database_ = *std::move(database);
  auto schema = world->database_->WriteSchema(WithoutRules(schema_text), {}, DryRun::kNo, nullptr);
  if (!schema.ok()) return schema.status();

  std::map<Revision, std::vector<TupleChange>> writes;
  for (const QuotedRelationship& quoted : relationships) {
    writes[quoted.written].push_back({ChangeOp::kTouch, quoted.relationship});
    if (!quoted.born || *quoted.born == quoted.written) continue;
    TupleChange birth{ChangeOp::kTouch, quoted.relationship};
    const bool endless = quoted.relationship.expires_at == absl::InfiniteFuture();
    birth.relationship.expires_at = (endless ? moment : quoted.relationship.expires_at) + absl::Hours(1);
    writes[*quoted.born].push_back(std::move(birth));
  }
  for (auto& [revision, changes] : writes) {
    if (revision <= *schema || revision.value() > kRevisionMax) {
      return InvalidArgument(Cat("no database writes relationships at revision ", revision.value()));
    }
    // Past the rules of writing: they judge whole worlds, and this is a part of one.
    auto written = world->database_->store().Write({.changes = std::move(changes), .at = revision});
    if (!written.ok()) return written.status();
  }
  return world;
}

absl::StatusOr<Answer> QuotedWorld::Ask(const CheckQuestion& question) const {
  auto view = database_->Head();
  if (!view.ok()) return view.status();
  CheckQuestion asked = question;
  asked.lineage = true;
  asked.explain = false;
  return Checker(*view->plan, *view->snapshot, moment_, database_->options().check).Check(asked);
}

bool QuotedWorld::RulesOut(const CheckQuestion& question, const std::string& permission) const {
  const auto answer = Ask({.resource = question.resource,
                           .permission = permission,
                           .subject = {question.resource.type, question.resource.id, question.permission},
                           .context = question.context});
  return answer.ok() && answer->decision == Decision::kDenied;
}

}  // namespace mandate
