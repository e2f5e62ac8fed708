// The only thing under a repository: a store of named, immutable objects and a few mutable refs.
//
// Talaria brings a memory and a local-directory store; an application may add its own. Every
// implementation keeps this contract, and tests/backends/conformance checks it:
//
//  1. An object is written once, appears whole or not at all, and is durable when put() or commit()
//     has returned. Objects are never changed in place.
//  2. A ref is small (at most 64 KiB) and changes by compare-and-swap alone. Of several racing swaps
//     that expect the same value, exactly one wins.
//  3. What was put can be read, stat'ed and listed at once by every process.
//  4. All functions may be called from any thread at any time. They block.
//  5. No function throws. An absent object is errc::not_found; a full disk is errc::no_space; any
//     other failure of the medium is errc::io_error. A range that reaches beyond the object is
//     errc::damaged: callers know the sizes of what they wrote.
//
// Names are 1 to 512 bytes: parts of 1 to 200 characters out of [A-Za-z0-9._-], joined by '/'. A part
// doesn't begin with '.', and the first part isn't "refs". Anything else is errc::invalid_argument.
#pragma once

#include "talaria/buffer.hpp"
#include "talaria/error.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace talaria {

// What a store can do beyond the contract.
struct Capabilities {
  bool map = false;             // map() costs no copy
  bool conditional_put = false; // put_if_absent() is atomic among processes
  bool lock = false;            // lock() excludes other processes
};

struct ObjectInfo {
  std::string name;
  std::uint64_t size = 0; // bytes
};

// `length` bytes of an object from `offset` on.
struct ObjectRange {
  std::string name;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

// An object under construction. Nothing of it can be seen before commit(); destroying it without
// commit() leaves nothing behind. Used by one thread at a time.
class ObjectWriter {
public:
  virtual ~ObjectWriter() = default;

  // Adds bytes at the end.
  virtual Result<void> append(std::string_view bytes) = 0;

  // Makes the object durable under `name`. An object that is there already stays (names are content
  // digests, so it is the same one). After any call of commit() the writer is spent.
  virtual Result<void> commit(const std::string& name) = 0;
};

// A held lock: released when destroyed, and by the operating system when the process dies.
class ObjectLock {
public:
  virtual ~ObjectLock() = default;
};

class ObjectStore {
public:
  virtual ~ObjectStore() = default;

  virtual Capabilities capabilities() const noexcept = 0;

  // Where it is, for messages: a path or a URL.
  virtual std::string location() const = 0;

  // Stores an object, replacing one of the same name.
  virtual Result<void> put(const std::string& name, std::string_view bytes) = 0;

  // Stores an object unless the name is taken. True if it was stored.
  virtual Result<bool> put_if_absent(const std::string& name, std::string_view bytes) = 0;

  // Starts an object whose name isn't known yet.
  virtual Result<std::unique_ptr<ObjectWriter>> create() = 0;

  // The whole object, copied into memory.
  virtual Result<Buffer> get(const std::string& name) const = 0;

  // A part of an object, copied into memory.
  virtual Result<Buffer> get_range(const ObjectRange& range) const = 0;

  // Several parts, in the order asked; the first failure fails all.
  virtual Result<std::vector<Buffer>> get_ranges(std::span<const ObjectRange> ranges) const = 0;

  // The whole object as shared memory: mapped where capabilities().map, else as get().
  virtual Result<Buffer> map(const std::string& name) const = 0;

  virtual Result<ObjectInfo> stat(const std::string& name) const = 0;

  // Calls `visit` for each object whose name begins with `prefix` ("" for all), in no set order, until
  // it returns false. Memory doesn't grow with the number of objects. Objects that come or go meanwhile
  // may or may not be seen. Refs are not listed.
  virtual Result<void> list(const std::string& prefix,
                            const std::function<bool(const ObjectInfo&)>& visit) const = 0;

  // Removes an object; errc::not_found if there is none.
  virtual Result<void> remove(const std::string& name) = 0;

  // The value of a ref, or nothing if it doesn't exist. A ref is named by a single part.
  virtual Result<std::optional<std::string>> read_ref(const std::string& ref) const = 0;

  // Sets a ref to `desired` if its value is `expected` (nothing: if it doesn't exist). True if it did;
  // false, and nothing changed, if the value was another.
  virtual Result<bool> compare_and_swap(const std::string& ref, std::optional<std::string_view> expected,
                                        std::string_view desired) = 0;

  // Takes the exclusive lock `name` (a single part), waiting up to `patience`; errc::locked if another
  // holds it that long. Where capabilities().lock is false, excludes only this process.
  virtual Result<std::unique_ptr<ObjectLock>> lock(const std::string& name,
                                                   std::chrono::milliseconds patience) = 0;

  // Removes what writers that died left unfinished. Call it under the lock that all writers take.
  virtual Result<void> remove_unfinished() = 0;
};

// A store in this process's memory, empty at first.
std::unique_ptr<ObjectStore> memory_store();

// A store in the folder `path`. Opening makes no file; `create` makes the folder if it is missing
// (errc::no_repository if it is missing and `create` is false).
Result<std::unique_ptr<ObjectStore>> local_store(const std::string& path, bool create);

} // namespace talaria
