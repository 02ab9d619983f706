#ifndef SUPERVISOR_IMAGE_FLAT_MAP_H_
#define SUPERVISOR_IMAGE_FLAT_MAP_H_

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tardigrade {

// The part of std::map<std::string, T> that documents need, as a sorted vector: it takes half the
// memory, and the states of a thousand threads have hundreds of thousands of members.  T may be
// incomplete.  Quadratic when filled in an order that is far from sorted: for few members.
template <typename T>
class FlatMap {
 public:
  using value_type = std::pair<std::string, T>;
  using iterator = typename std::vector<value_type>::iterator;
  using const_iterator = typename std::vector<value_type>::const_iterator;

  FlatMap() = default;
  FlatMap(std::initializer_list<value_type> members) {
    for (const value_type& member : members) emplace(member.first, member.second);
  }

  iterator begin() { return members_.begin(); }
  iterator end() { return members_.end(); }
  const_iterator begin() const { return members_.begin(); }
  const_iterator end() const { return members_.end(); }
  size_t size() const { return members_.size(); }
  bool empty() const { return members_.empty(); }
  const value_type& back() const { return members_.back(); }  // Not of an empty one.

  iterator find(std::string_view key) { return members_.begin() + (std::as_const(*this).find(key) - members_.cbegin()); }
  const_iterator find(std::string_view key) const {
    const auto it = LowerBound(key);
    return it != members_.end() && it->first == key ? it : members_.end();
  }
  bool contains(std::string_view key) const { return find(key) != end(); }

  // Leaves a member alone that is there.
  template <typename V>
  std::pair<iterator, bool> emplace(std::string_view key, V&& value) {
    const auto it = members_.begin() + (LowerBound(key) - members_.cbegin());
    if (it != members_.end() && it->first == key) return {it, false};
    return {members_.emplace(it, std::string(key), T(std::forward<V>(value))), true};
  }
  template <typename V>
  void insert_or_assign(std::string_view key, V&& value) {
    (*this)[key] = T(std::forward<V>(value));
  }
  T& operator[](std::string_view key) { return emplace(key, T()).first->second; }
  size_t erase(std::string_view key) {
    const auto it = find(key);
    if (it == end()) return 0;
    members_.erase(it);
    return 1;
  }
  void shrink_to_fit() { members_.shrink_to_fit(); }

  bool operator==(const FlatMap&) const = default;

 private:
  const_iterator LowerBound(std::string_view key) const {
    // Mostly members come in order.
    if (members_.empty() || members_.back().first < key) return members_.end();
    return std::lower_bound(members_.begin(), members_.end(), key,
                            [](const value_type& member, std::string_view k) { return member.first < k; });
  }

  std::vector<value_type> members_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_IMAGE_FLAT_MAP_H_
