// Package dial sends one probe from inside a network namespace, as an
// application would, and says how it went.
//
// What comes in: Options. What goes out: the flow of the first packet before
// it is sent, so that others can look out for it, and a trail.Conversation
// when it is over. The probe uses an ordinary connected socket from a port of
// its own: no raw TCP, which the own kernel would answer with a reset, and no
// mark, which would change the routing.
//
// It knows no capture, no trail and no screen, and sends nothing but that one
// conversation. Only Linux has namespaces; elsewhere, and where built with the
// tag pktrail_lite, Prepare returns errors.ErrUnsupported.
package dial
