#ifndef SUPERVISOR_BASE_CLOSE_FDS_H_
#define SUPERVISOR_BASE_CLOSE_FDS_H_

#include <vector>

namespace tardigrade {

// Closes every descriptor of this process but these.
void CloseAllBut(std::vector<int> keep);

}  // namespace tardigrade

#endif  // SUPERVISOR_BASE_CLOSE_FDS_H_
