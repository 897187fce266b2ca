// statement_printer.h: one statement as canonical text: on one line where it fits and no comment
// stands in the way, else one part a line.
//
//   permission view =
//   	viewer + // by name
//   	(a_long_name - another_long_name) +
//   	parent->view
//
// Threads     One printing, one thread.
// Ownership   The file and the text outlive the printer.
#ifndef MANDATE_SCHEMA_STATEMENT_PRINTER_H_
#define MANDATE_SCHEMA_STATEMENT_PRINTER_H_

#include <string>
#include <string_view>
#include <vector>

#include "schema/syntax.h"

namespace mandate::syntax {

class StatementPrinter {
 public:
  // What it prints is appended to `out`.
  StatementPrinter(const File& file, std::string& out) : file_(file), out_(out) {}

  void PrintRelation(const Member& member);
  void PrintPermission(const Member& member);
  void PrintCaveatHead(const Caveat& caveat);

  // On one line. Comments before the leftmost operand are left to the caller.
  enum class WithComments { kNo, kYes };
  void PrintFlat(ExprIndex root, WithComments with_comments);

 private:
  // A part of a list: a subject type or a parameter, with what separates it from the next.
  struct Part {
    const std::vector<Comment>* before;
    std::string text;
  };
  void PrintList(std::string_view head, const std::vector<Part>& parts, std::string_view end, int indent);

  // How an expression fills a line, by its place in the file.
  struct Extent {
    size_t columns = 0;  // Without the comments before its leftmost operand.
    ExprIndex leftmost = ExprIndex::kNone;
    bool must_break = false;
  };
  void Measure(const Member& member);
  Extent ExtentOf(const Expr& expr, ExprIndex index) const;
  const Extent& extent(ExprIndex index) const { return extents_[static_cast<size_t>(index) - first_]; }
  const std::vector<Comment>& CommentsBefore(ExprIndex index) const {
    return file_.expr(extent(index).leftmost).before;
  }
  void PrintBroken(ExprIndex root, int indent);

  // Those that stand behind the line before, and those on lines of their own; then a new line.
  void BreakLine(const std::vector<Comment>& comments, int indent);

  const File& file_;
  std::string& out_;
  size_t first_ = 0;
  std::vector<Extent> extents_;
};

// The comment; lines after its first are indented.
void PrintComment(const Comment& comment, int indent, std::string& out);

}  // namespace mandate::syntax

#endif  // MANDATE_SCHEMA_STATEMENT_PRINTER_H_
