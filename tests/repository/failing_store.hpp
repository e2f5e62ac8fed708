// A store whose disk fills up: for tests of what a failing write leaves behind.
#pragma once

#include "talaria/object_store.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace talaria {

// Hands everything to another store, but the write number `fail_at` (from 0 on) and all after it are
// errc::no_space until heal(). A write is a put, an append, a commit of a writer or a swap of a ref. Nor
// is anything removed while keep_all() holds, as if the process had died before.
class FailingStore final : public ObjectStore {
public:
  explicit FailingStore(ObjectStore& store) : store_(store) {}

  void fail_from(std::size_t write) {
    writes_ = 0;
    fail_at_ = write;
  }
  void heal() { fail_at_ = SIZE_MAX; }
  void keep_all(bool keep) { keep_all_ = keep; }
  bool failed() const { return writes_ > fail_at_; }

  // What happens just before the next get_range().
  void before_next_read(std::function<void()> call) { before_next_read_ = std::move(call); }

  Capabilities capabilities() const noexcept override { return store_.capabilities(); }
  std::string location() const override { return store_.location(); }

  Result<void> put(const std::string& name, std::string_view bytes) override {
    if (auto room = write(); !room) return room;
    return store_.put(name, bytes);
  }
  Result<bool> put_if_absent(const std::string& name, std::string_view bytes) override {
    if (auto room = write(); !room) return tl::unexpected<Error>(room.error());
    return store_.put_if_absent(name, bytes);
  }
  Result<std::unique_ptr<ObjectWriter>> create() override {
    auto writer = store_.create();
    if (!writer) return writer;
    return std::make_unique<Writer>(*this, *std::move(writer));
  }
  Result<Buffer> get(const std::string& name) const override { return store_.get(name); }
  Result<Buffer> get_range(const ObjectRange& range) const override {
    if (auto call = std::exchange(before_next_read_, {})) call();
    return store_.get_range(range);
  }
  Result<std::vector<Buffer>> get_ranges(std::span<const ObjectRange> ranges) const override {
    return store_.get_ranges(ranges);
  }
  Result<Buffer> map(const std::string& name) const override { return store_.map(name); }
  Result<ObjectInfo> stat(const std::string& name) const override { return store_.stat(name); }
  Result<void> list(const std::string& prefix,
                    const std::function<bool(const ObjectInfo&)>& visit) const override {
    return store_.list(prefix, visit);
  }
  Result<void> remove(const std::string& name) override {
    if (keep_all_) return failure(errc::io_error, name + " stays");
    return store_.remove(name);
  }
  Result<std::optional<std::string>> read_ref(const std::string& ref) const override {
    return store_.read_ref(ref);
  }
  Result<bool> compare_and_swap(const std::string& ref, std::optional<std::string_view> expected,
                                std::string_view desired) override {
    if (auto room = write(); !room) return tl::unexpected<Error>(room.error());
    return store_.compare_and_swap(ref, expected, desired);
  }
  Result<std::unique_ptr<ObjectLock>> lock(const std::string& name,
                                           std::chrono::milliseconds patience) override {
    return store_.lock(name, patience);
  }
  Result<void> remove_unfinished() override { return store_.remove_unfinished(); }

private:
  class Writer final : public ObjectWriter {
  public:
    Writer(FailingStore& store, std::unique_ptr<ObjectWriter> writer)
        : store_(store), writer_(std::move(writer)) {}
    Result<void> append(std::string_view bytes) override {
      if (auto room = store_.write(); !room) return room;
      return writer_->append(bytes);
    }
    Result<void> commit(const std::string& name) override {
      if (auto room = store_.write(); !room) return room;
      return writer_->commit(name);
    }

  private:
    FailingStore& store_;
    std::unique_ptr<ObjectWriter> writer_;
  };

  Result<void> write() {
    if (writes_++ < fail_at_) return {};
    return failure(errc::no_space, "the disk is full");
  }

  ObjectStore& store_;
  mutable std::function<void()> before_next_read_;
  std::size_t writes_ = 0;
  std::size_t fail_at_ = SIZE_MAX;
  bool keep_all_ = false;
};

} // namespace talaria
