#include "supervisor/restore/resumptions.h"

#include <utility>

namespace tardigrade {

Result<Resumptions> Resumptions::Start(const LoadedImage& image, const KindList& kinds) {
  Resumptions resumptions;
  for (const auto& kind : kinds.objects) {
    std::vector<const Value*> states;
    for (const auto& [key, object] : image.files.objects) {
      if (object.kind == kind->name()) states.push_back(&object.state);
    }
    if (states.empty()) continue;
    ASSIGN_OR_RETURN(auto resumption, kind->Resume(states, image.reader->attachments()),
                     kind->name());
    if (resumption != nullptr) resumptions.all_.push_back(std::move(resumption));
  }
  return resumptions;
}

Status Resumptions::Release(const std::vector<ScopedFd>& held_back) {
  for (const auto& resumption : all_) RETURN_IF_ERROR(resumption->Release(held_back));
  all_.clear();
  return Ok();
}

}  // namespace tardigrade
