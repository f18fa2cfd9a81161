#include "bbprompt/store/checkpoint.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/log.hpp"
#include "bbprompt/base/regular_file.hpp"
#include "bbprompt/base/temporary_file.hpp"
#include "store/checkpoint_file.hpp"
#include "store/record_check.hpp"
#include "store/record_file.hpp"
#include "store/record_reader.hpp"
#include "store/record_schema.hpp"
#include "store/record_writer.hpp"
#include "store/sealed_file.hpp"

namespace bbprompt {
namespace fs = std::filesystem;
namespace {

constexpr int kMostAttempts = 100;  // at a name that is free

bool is_present(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

// Why the file is no whole checkpoint; nothing where it is one.
std::optional<std::string> damage_of(const fs::path& path) {
  try {
    verify_seal(path, read_regular_file(path), FileKind::kCheckpoint);
    return std::nullopt;
  } catch (const StoreError& error) {
    return error.what();
  }
}

[[noreturn]] void fail(const fs::path& path, const std::string& doing) {
  throw StoreError(path.string(), "cannot " + doing + ": " + std::strerror(errno));
}

// Gives the checkpoint at `path` its second name. Both names stay until the caller's rename puts
// the new checkpoint at `path`. Where hard links are not supported the file moves, and lies under
// the second name alone until then.
void keep_as_previous(const fs::path& path) {
  const fs::path previous = previous_checkpoint_path(path);
  expect_own_file(previous);
  fs::path link;
  bool is_linked = false;
  for (int attempt = 0; !is_linked && attempt < kMostAttempts; ++attempt) {
    link = temporary_name(previous, attempt);
    is_linked = ::link(path.c_str(), link.c_str()) == 0;
    if (!is_linked && errno != EEXIST) break;
  }
  const fs::path& from = is_linked ? link : path;
  if (::rename(from.c_str(), previous.c_str()) != 0) {
    const int reason = errno;
    if (is_linked) ::unlink(link.c_str());
    errno = reason;
    fail(previous, "keep the previous checkpoint");
  }
  // Two names of one file already: rename() then does nothing and leaves both.
  if (is_linked) ::unlink(link.c_str());
}

}  // namespace

fs::path previous_checkpoint_path(const fs::path& path) {
  fs::path name = path.stem();
  name += ".previous";
  name += path.extension();
  return path.parent_path() / name;
}

std::string checkpoint_bytes(const fs::path& path, const Checkpoint& checkpoint) {
  check_checkpoint(path, checkpoint);
  return build_record_file(path, FileKind::kCheckpoint, [&](const H5Group& root) {
    write_trials(root, {&checkpoint.record, 1});
    const H5Group group = root.create_group("checkpoint");
    RecordWriter writer(group);
    describe(writer, checkpoint);
  });
}

std::optional<std::string> place_checkpoint(const fs::path& path, std::string_view bytes) {
  std::optional<std::string> damage;
  // The new one is safe on disk first: a write that fails leaves both old checkpoints alone.
  replace_file(path, bytes, [&] {
    if (!is_present(path)) return;
    damage = damage_of(path);
    if (!damage) keep_as_previous(path);
  });
  if (!damage) return std::nullopt;
  return "a damaged checkpoint was not kept as the previous one: " + *damage;
}

void write_checkpoint(const fs::path& path, const Checkpoint& checkpoint) {
  const auto problem = place_checkpoint(path, checkpoint_bytes(path, checkpoint));
  if (problem) logger()->warn("{}", *problem);
}

Checkpoint read_checkpoint(const fs::path& path) {
  Checkpoint checkpoint;
  read_record_file(path, FileKind::kCheckpoint, [&](const H5Group& root) {
    std::vector<TrialRecord> trials = read_trials(root);
    if (trials.size() != 1) {
      h5_refuse(root.place("trials"), "expected one trial, found " + std::to_string(trials.size()));
    }
    checkpoint.record = std::move(trials.front());
    const H5Group group = root.open_group("checkpoint");
    RecordReader reader(group);
    describe(reader, checkpoint);
  });
  check_checkpoint(path, checkpoint);
  return checkpoint;
}

bool has_checkpoint(const fs::path& path) {
  return is_present(path) || is_present(previous_checkpoint_path(path));
}

Checkpoint read_newest_checkpoint(const fs::path& path) {
  const fs::path previous = previous_checkpoint_path(path);
  std::string problem;
  try {
    return read_checkpoint(path);
  } catch (const StoreError& error) {
    problem = error.what();
  }
  try {
    Checkpoint checkpoint = read_checkpoint(previous);
    logger()->warn("resuming from the previous checkpoint {}, as the newest cannot be read: {}",
                   previous.string(), problem);
    return checkpoint;
  } catch (const StoreError& error) {
    throw StoreError(path.string(),
                     "expected a checkpoint, and neither file can be read; delete both to begin "
                     "the trial again. Newest: " +
                         problem + ". Previous: " + error.what());
  }
}

void remove_checkpoint(const fs::path& path) {
  for (const fs::path& file : {previous_checkpoint_path(path), path}) {
    std::error_code status;
    fs::remove(file, status);
    if (status) throw StoreError(file.string(), "cannot remove: " + status.message());
  }
}

}  // namespace bbprompt
