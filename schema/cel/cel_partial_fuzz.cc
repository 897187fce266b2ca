// Evaluation with some parameters never contradicts evaluation with all of them; see
// random_expression.h.
#include <cstdio>
#include <cstdlib>

#include "schema/cel/random_expression.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mandate::cel::ByteChoices choices(data, size);
  const std::string text = mandate::cel::ExpressionMaker(choices).Make();
  const std::string broken = mandate::cel::CheckPartialEvaluation(text, choices);
  if (!broken.empty()) {
    std::fprintf(stderr, "%s\n", broken.c_str());
    std::abort();
  }
  return 0;
}
