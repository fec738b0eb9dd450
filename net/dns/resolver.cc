#include "net/dns/resolver.h"

#include <utility>

namespace sallyport::net::dns {

// Every question fails until the thread that asks servers is there.
class Resolver::Impl {
 public:
  ResolverCounters counters;
};

Result<std::unique_ptr<Resolver>, ResolverFailure> Resolver::Start(
    ResolverOptions) {
  return std::unique_ptr<Resolver>(new Resolver(std::make_unique<Impl>()));
}

Resolver::Resolver(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Resolver::~Resolver() = default;

bool Resolver::Ask(Question, Callback) {
  impl_->counters.refused.Add();
  return false;
}

const ResolverCounters& Resolver::counters() const { return impl_->counters; }

}  // namespace sallyport::net::dns
