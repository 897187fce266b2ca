#include "tools/bulk_command_line.h"

namespace mandate {

void BulkCommandLine::AddTo(CLI::App* app) {
  AddImport(app);
  AddExport(app);
  AddSync(app);
}

void BulkCommandLine::AddImport(CLI::App* app) {
  CLI::App* command =
      app->add_subcommand("import", "Write every relationship of the files; nothing at all if one line is wrong");
  command
      ->add_option("FILE", import_.files,
                   "Files of relationships: .tuples or .txt, .csv, .ndjson, each also as .gz or .zst; - for standard "
                   "input")
      ->required();
  command->add_option("--format", import_.format, "tuples, csv or ndjson, whatever the names say");
  command->add_option("--skip-invalid", import_.skip_invalid, "Set the lines that are wrong aside in this file");
  CLI::Option* create = command->add_flag("--create", import_.create, "Refuse relationships that are stored already");
  command->add_flag("--touch", import_.touch, "Replace relationships that are stored already (the default)")
      ->excludes(create);
  command
      ->add_option("--batch", import_.batch,
                   "Relationships at one revision, there whole or not at all; more of them are more revisions")
      ->capture_default_str()
      ->check(CLI::Range(uint64_t{1}, kImportBatchMax));
  command->add_option("--errors-max", import_.errors_max, "Wrong lines that are shown")->capture_default_str();
  add_client_(command, [this] { return ImportFiles(client_, import_); });
}

void BulkCommandLine::AddExport(CLI::App* app) {
  CLI::App* command = app->add_subcommand("export", "Write relationships, all at one revision, as import reads them");
  command->add_option("PATTERN", export_.pattern, "Those that match, as document, document:plan, @user:alice; all");
  command->add_option("--output", export_.output, "The file, made whole or not at all; - for standard output")
      ->capture_default_str();
  command->add_option("--format", export_.format, "tuples, csv or ndjson, whatever the name says");
  command->add_option("--at", export_.at, "The token of the revision to read at");
  command->add_option("--cursor", export_.cursor, "Go on where an export that broke off ended");
  add_client_(command, [this] { return ExportRelationships(client_, export_); });
}

void BulkCommandLine::AddSync(CLI::App* app) {
  CLI::App* command = app->add_subcommand(
      "sync", "Make a part of what is stored equal to a directory's export or to files of relationships");
  command
      ->add_option("--source", sync_.sources,
                   "Files: .ldif, .json (SCIM), or relationships as import reads them; each also as .gz or .zst; - for "
                   "standard input; may be repeated")
      ->required()
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--mapping", sync_.mapping, "YAML: which part is kept equal, and what entries become")
      ->required();
  command->add_option("--format", sync_.format, "ldif, scim, tuples, csv or ndjson, whatever the names say");
  command
      ->add_option("--max-delete", sync_.max_delete,
                   "Write nothing if more would be removed, as 5% of what is stored or as a number")
      ->capture_default_str();
  command->add_flag("--skip-refused", sync_.skip_refused, "Go on without what cannot be taken over");
  CLI::Option* dry_run = command->add_flag("--dry-run", sync_.dry_run, "Say what would change, write nothing");
  command->add_flag("--lines", sync_.lines, "With every relationship: + added, ~ changed, - removed")->needs(dry_run);
  add_client_(command, [this] { return SyncSource(client_, sync_); });
}

}  // namespace mandate
