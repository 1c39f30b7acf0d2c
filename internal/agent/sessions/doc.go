// Package sessions keeps an agent's sessions alive while the connections to
// their client come and go.
//
// What comes in: connections, each with the name of a session and the number
// of the last frame that its client has (Attach sends that, in a line of JSON).
// What goes out: the session's frames (package wire), and calls of Options.Run
// for new ones. Serve is the first process of an agent's pod and listens on a
// unix socket; Own hosts a single session inside of somebody else's container
// and listens on an abstract one.
//
// A session dies Options.Expire after the last word of its client, and a host
// with its last session: nothing stays behind when nobody calls any more.
//
// The package does not know what requests and messages mean.
package sessions
