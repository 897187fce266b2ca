#include "schema/printer.h"

#include <string_view>

#include "absl/strings/str_split.h"
#include "schema/text.h"

namespace mandate::syntax {

namespace {

bool IsOperator(ExprKind kind) {
  return kind == ExprKind::kUnion || kind == ExprKind::kIntersection ||
         kind == ExprKind::kExclusion;
}

std::string_view Symbol(ExprKind kind) {
  return kind == ExprKind::kUnion ? " + " : kind == ExprKind::kIntersection ? " & " : " - ";
}

std::string_view Keyword(DefinitionKind kind) {
  switch (kind) {
    case DefinitionKind::kDefinition:
      return "definition";
    case DefinitionKind::kPartial:
      return "partial";
    case DefinitionKind::kAgent:
      return "agent";
    case DefinitionKind::kTask:
      return "task";
    case DefinitionKind::kSession:
      return "session";
  }
  return "definition";
}

class Printer {
 public:
  explicit Printer(const File& file) : file_(file) {}

  std::string Run() {
    bool after_use = false;
    for (const Item& item : file_.items) {
      const bool is_use = std::holds_alternative<Use>(item);
      if (!out_.empty() && !(after_use && is_use)) out_ += '\n';
      after_use = is_use;
      std::visit([&](const auto& value) { Print(value); }, item);
    }
    if (!file_.end_comments.empty() && !out_.empty()) out_ += '\n';
    PrintComments(file_.end_comments, "");
    return std::move(out_);
  }

  // Recursion is bounded by the parser's limit on parentheses.
  void PrintExpr(ExprIndex index) {
    const Expr& expr = file_.expr(index);
    if (expr.kind == ExprKind::kNil) out_ += "nil";
    if (expr.kind == ExprKind::kSelf) out_ += "self";
    out_ += expr.name.text;
    for (const ArrowStep& step : expr.steps) {
      if (step.walk == Walk::kArrow) out_ += Cat("->", step.target.text);
      if (step.walk == Walk::kAny) out_ += Cat(".any(", step.target.text, ")");
      if (step.walk == Walk::kAll) out_ += Cat(".all(", step.target.text, ")");
    }
    for (size_t i = 0; i < expr.children.size(); ++i) {
      const bool enclose = IsOperator(file_.expr(expr.children[i]).kind);
      if (i > 0) out_ += Symbol(expr.kind);
      if (enclose) out_ += '(';
      PrintExpr(expr.children[i]);
      if (enclose) out_ += ')';
    }
  }

  std::string Take() { return std::move(out_); }

 private:
  void PrintComment(const Comment& comment, std::string_view indent) {
    bool first = true;
    for (absl::string_view line : absl::StrSplit(comment.text, '\n')) {
      if (!first) {
        out_ += '\n';
        if (!line.empty()) out_ += indent;
        if (!line.empty() && line.front() == '*') out_ += ' ';
      }
      out_ += StdView(line);
      first = false;
    }
  }

  void PrintComments(const std::vector<Comment>& comments, std::string_view indent) {
    for (const Comment& comment : comments) {
      out_ += indent;
      PrintComment(comment, indent);
      out_ += comment.blank_after ? "\n\n" : "\n";
    }
  }

  void EndLine(const Comments& comments, std::string_view indent) {
    for (const Comment& comment : comments.after) {
      out_ += ' ';
      PrintComment(comment, indent);
    }
    out_ += '\n';
  }

  void Print(const Use& use) {
    PrintComments(use.comments.before, "");
    out_ += Cat("use ", use.flag.text);
    EndLine(use.comments, "");
  }

  void Print(const Import& import) {
    PrintComments(import.comments.before, "");
    out_ += Cat("import ", import.path.text);
    EndLine(import.comments, "");
  }

  void Print(const Definition& definition) {
    PrintComments(definition.comments.before, "");
    out_ += Cat(Keyword(definition.kind), " ", definition.name.text, " {");
    if (!definition.members.empty() || !definition.end_comments.empty()) out_ += '\n';
    bool first = true;
    for (const Member& member : definition.members) {
      if (member.blank_before && !first) out_ += '\n';
      first = false;
      PrintMember(member);
    }
    PrintComments(definition.end_comments, "\t");
    out_ += '}';
    EndLine(definition.comments, "");
  }

  void PrintMember(const Member& member) {
    PrintComments(member.comments.before, "\t");
    out_ += '\t';
    if (member.kind == MemberKind::kSpread) out_ += Cat("...", member.name.text);
    if (member.kind == MemberKind::kRelation) PrintRelation(member);
    if (member.kind == MemberKind::kPermission) PrintPermission(member);
    if (member.kind == MemberKind::kRule) out_ += FormatRule(member.rule);
    EndLine(member.comments, "\t");
  }

  void PrintRelation(const Member& member) {
    out_ += Cat("relation ", member.name.text, ":");
    bool first = true;
    for (const SubjectType& subject : member.subject_types) {
      out_ += Cat(first ? " " : " | ", subject.type.text);
      first = false;
      if (subject.wildcard) out_ += ":*";
      if (!subject.relation.empty()) out_ += Cat("#", subject.relation.text);
      if (!subject.caveat.empty()) out_ += Cat(" with ", subject.caveat.text);
      if (subject.expiration)
        out_ += subject.caveat.empty() ? " with expiration" : " and expiration";
    }
  }

  void PrintPermission(const Member& member) {
    out_ += Cat("permission ", member.name.text);
    for (size_t i = 0; i < member.annotation.size(); ++i) {
      out_ += Cat(i == 0 ? ": " : " | ", member.annotation[i].text);
    }
    out_ += " = ";
    if (member.root != ExprIndex::kNone) PrintExpr(member.root);
  }

  void Print(const Caveat& caveat) {
    PrintComments(caveat.comments.before, "");
    out_ += Cat("caveat ", caveat.name.text, "(");
    for (size_t i = 0; i < caveat.parameters.size(); ++i) {
      out_ +=
          Cat(i == 0 ? "" : ", ", caveat.parameters[i].name.text, " ", caveat.parameters[i].type);
    }
    out_ += Cat(") {\n\t", caveat.body, "\n}");
    EndLine(caveat.comments, "");
  }

  const File& file_;
  std::string out_;
};

}  // namespace

std::string FormatSchema(const File& file) { return Printer(file).Run(); }

std::string FormatExpression(const File& file, ExprIndex root) {
  Printer printer(file);
  printer.PrintExpr(root);
  return printer.Take();
}

}  // namespace mandate::syntax
