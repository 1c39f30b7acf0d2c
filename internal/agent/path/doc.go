// Package path finds the points between a target and the wire, and the open
// namespaces that sockets can be made in there.
//
// What comes in: an open namespace. What goes out: points with roles, in the
// order in which a packet that leaves meets them, and notes. It takes the state
// of the namespaces on the way, and no other: on a node with hundreds of pods
// that is what makes it quick. Where the way leads is topology's to say. Agents
// built with the tag pktrail_lite run inside of pods, and know no way beyond.
//
// It must not know sockets, filters or records, and changes nothing anywhere.
package path
