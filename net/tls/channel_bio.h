// ChannelBio is the TLS library's view of a transport: it reads the window that
// was fed to a Channel, and appends to the Output of the running call.
#ifndef NET_TLS_CHANNEL_BIO_H_
#define NET_TLS_CHANNEL_BIO_H_

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include "net/tls/channel.h"

namespace sallyport::net::tls {

// One BIO serves all channels of a context, because one of them runs at a time:
// it points to that one for the length of a call. Callbacks of the TLS library
// find their channel by it.
class ChannelBio {
 public:
  class Lease;

  // The caller owns the reference.
  static BIO* New();

  // For SSL_CTX_set_info_callback: notes alerts.
  static void OnInfo(const SSL* ssl, int type, int value);

 private:
  static int Read(BIO* bio, char* out, int size);
  static int Write(BIO* bio, const char* in, int size);
  static long Control(BIO* bio, int command, long number, void* pointer);
};

}  // namespace sallyport::net::tls

#endif  // NET_TLS_CHANNEL_BIO_H_
