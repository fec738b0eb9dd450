// A StreamOutput puts TLS records into a stream's outgoing batch.
#ifndef PROXY_STREAM_OUTPUT_H_
#define PROXY_STREAM_OUTPUT_H_

#include <string_view>

#include "net/reactor.h"
#include "net/tls/channel.h"

namespace sallyport::proxy {

// What the stream does not take (it is gone, or full and closing) is dropped: the
// stream's end will say so.
class StreamOutput final : public net::tls::Output {
 public:
  StreamOutput(net::Reactor& reactor, net::StreamId stream)
      : reactor_(reactor), stream_(stream) {}
  void Append(std::string_view ciphertext) override {
    reactor_.Queue(stream_, ciphertext);
  }

 private:
  net::Reactor& reactor_;
  const net::StreamId stream_;
};

}  // namespace sallyport::proxy

#endif  // PROXY_STREAM_OUTPUT_H_
