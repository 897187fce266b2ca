#include "schema/printer.h"

#include <string_view>

#include "schema/statement_printer.h"
#include "schema/text.h"

namespace mandate::syntax {

namespace {

std::string_view Keyword(DefinitionKind kind) {
  switch (kind) {
    case DefinitionKind::kDefinition: return "definition";
    case DefinitionKind::kPartial: return "partial";
    case DefinitionKind::kAgent: return "agent";
    case DefinitionKind::kTask: return "task";
    case DefinitionKind::kSession: return "session";
  }
  return "definition";
}

class Printer {
 public:
  explicit Printer(const File& file) : file_(file), statements_(file, out_) {}

  std::string Run() {
    bool after_use = false;
    for (const Item& item : file_.items) {
      const bool is_use = std::holds_alternative<Use>(item);
      if (!out_.empty() && !(after_use && is_use)) out_ += '\n';
      after_use = is_use;
      std::visit([&](const auto& value) { Print(value); }, item);
    }
    if (!file_.end_comments.empty() && !out_.empty()) out_ += '\n';
    PrintComments(file_.end_comments, 0);
    return std::move(out_);
  }

 private:
  void PrintComments(const std::vector<Comment>& comments, int indent) {
    for (const Comment& comment : comments) {
      out_.append(static_cast<size_t>(indent), '\t');
      PrintComment(comment, indent, out_);
      out_ += comment.blank_after ? "\n\n" : "\n";
    }
  }

  void PrintBehind(const std::vector<Comment>& comments, int indent) {
    for (const Comment& comment : comments) {
      out_ += ' ';
      PrintComment(comment, indent, out_);
    }
  }

  void EndLine(const Comments& comments, int indent) {
    PrintBehind(comments.after, indent);
    out_ += '\n';
  }

  void Print(const Use& use) {
    PrintComments(use.comments.before, 0);
    out_ += Cat("use ", use.flag.text);
    EndLine(use.comments, 0);
  }

  void Print(const Import& import) {
    PrintComments(import.comments.before, 0);
    out_ += Cat("import ", import.path.text);
    EndLine(import.comments, 0);
  }

  void Print(const Definition& definition) {
    PrintComments(definition.comments.before, 0);
    out_ += Cat(Keyword(definition.kind), " ", definition.name.text, " {");
    PrintBehind(definition.open_comments, 1);
    const bool empty = definition.members.empty() && definition.end_comments.empty();
    if (!empty || !definition.open_comments.empty()) out_ += '\n';
    bool first = true;
    for (const Member& member : definition.members) {
      if (member.blank_before && !first) out_ += '\n';
      first = false;
      PrintMember(member);
    }
    if (definition.end_blank_before) out_ += '\n';
    PrintComments(definition.end_comments, 1);
    out_ += '}';
    EndLine(definition.comments, 0);
  }

  void PrintMember(const Member& member) {
    PrintComments(member.comments.before, 1);
    out_ += '\t';
    if (member.kind == MemberKind::kSpread) out_ += Cat("...", member.name.text);
    if (member.kind == MemberKind::kRelation) statements_.PrintRelation(member);
    if (member.kind == MemberKind::kPermission) statements_.PrintPermission(member);
    if (member.kind == MemberKind::kRule) out_ += FormatRule(member.rule);
    EndLine(member.comments, 1);
  }

  void Print(const Caveat& caveat) {
    PrintComments(caveat.comments.before, 0);
    statements_.PrintCaveatHead(caveat);
    out_ += Cat("\n", FormatCaveatBody(caveat.body), "\n}");
    EndLine(caveat.comments, 0);
  }

  const File& file_;
  std::string out_;
  StatementPrinter statements_;
};

}  // namespace

std::string FormatSchema(const File& file) { return Printer(file).Run(); }

std::string FormatExpression(const File& file, ExprIndex root) {
  std::string out;
  StatementPrinter(file, out).PrintFlat(root, StatementPrinter::WithComments::kNo);
  return out;
}

}  // namespace mandate::syntax
