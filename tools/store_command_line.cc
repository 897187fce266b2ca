#include "tools/store_command_line.h"

namespace mandate {

void StoreCommandLine::AddTo(CLI::App* app) {
  AddBackup(app);
  AddRestore(app);
  AddCheckStore(app);
  add_client_(app->add_subcommand("compact", "Rewrite the server's tables, so that what is gone gives back its place"),
              [this] { return CompactStore(client_); });
  add_client_(app->add_subcommand("stats", "How large the database is, and what the server answered since it started"),
              [this] { return ShowStats(client_); });
}

void StoreCommandLine::AddBackup(CLI::App* app) {
  CLI::App* backup = app->add_subcommand("backup", "Make, list, verify or delete backups");
  backup->require_subcommand(1);
  add_client_(backup->add_subcommand("create",
                                     "Add a backup to those in the server's --backups, while it serves; only what "
                                     "changed is copied"),
              [this] { return MakeBackup(client_); });
  const auto add = [&](const char* name, const char* description, int (*run)(const BackupOptions&)) {
    CLI::App* command = backup->add_subcommand(name, description);
    command->add_option("--from", backup_.directory, "The directory of the backups")->required();
    command->add_flag("--json", backup_.json, "Print it as JSON");
    command->callback([this, run] { run_ = [this, run] { return run(backup_); }; });
    return command;
  };
  add("list", "What backups there are", &ListBackups);
  add("verify", "Read a backup whole and compare its checksums", &VerifyBackups)
      ->add_option("--backup", backup_.id, "Its number; without it, the newest");
  add("delete", "Delete the oldest ones, and what only they used", &DeleteBackups)
      ->add_option("--keep", backup_.keep, "How many stay, the newest ones")
      ->required()
      ->check(CLI::Range(1, 1'000'000));
}

void StoreCommandLine::AddRestore(CLI::App* app) {
  CLI::App* command = app->add_subcommand("restore", "Make a database from a backup, without a server");
  command->add_option("--from", restore_.from, "The directory of the backups")->required();
  command->add_option("--to", restore_.to, "The directory of the new database, missing or empty")->required();
  command->add_option("--backup", restore_.id, "The backup's number; without it, the newest");
  command
      ->add_option(
          "--at", restore_.revision,
          "Make what is stored what it was at this revision of the backup's retention window, as further writes")
      ->check(CLI::PositiveNumber);
  command
      ->add_option(
          "--drop", restore_.drops,
          "With --at: a boundary of an agent or a rule of a task that came later, and is to go with the schema it "
          "came by, e.g. `errand: limit mailbox#send to 5 per task`")
      ->needs("--at");
  command->add_flag("--json", restore_.json, "Print the outcome as JSON");
  command->callback([this] { run_ = [this] { return RestoreStore(restore_); }; });
}

void StoreCommandLine::AddCheckStore(CLI::App* app) {
  CLI::App* command = app->add_subcommand(
      "check-store", "Read a whole database, without a server, and tell everything that is wrong in it");
  command->add_option("--data", check_.directory, "Directory of the database")->capture_default_str();
  command->add_flag("--json", check_.json, "Print the report as JSON");
  command->callback([this] { run_ = [this] { return CheckStoreDirectory(check_); }; });
}

}  // namespace mandate
