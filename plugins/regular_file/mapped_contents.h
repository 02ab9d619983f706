#ifndef PLUGINS_REGULAR_FILE_MAPPED_CONTENTS_H_
#define PLUGINS_REGULAR_FILE_MAPPED_CONTENTS_H_

#include <sys/types.h>

#include <string>

#include "supervisor/kernel/memory_map.h"
#include "supervisor/resource/contexts.h"

namespace tardigrade::regular_file {

// Saves the file behind `mapping`, which has no name, no descriptor, and may not be opened
// (/proc/PID/map_files needs CAP_CHECKPOINT_RESTORE), once, through the process's mappings of it;
// returns its key.  Saved is what is mapped of it, in whole pages, by shared mappings first: what a
// private one has changed counts as the file's where nothing else shows it.
Result<std::string> AddMappedContents(pid_t pid, const MemoryMapping& mapping,
                                      CollectContext& context);

}  // namespace tardigrade::regular_file

#endif  // PLUGINS_REGULAR_FILE_MAPPED_CONTENTS_H_
