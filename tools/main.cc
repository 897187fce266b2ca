#include "service/process.h"
#include "tools/command_line.h"

int main(int argc, char** argv) {
  mandate::PrepareProcess();
  return mandate::RunCommandLine(argc, argv);
}
