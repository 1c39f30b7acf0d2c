package lab

import "context"

// UpWithoutIPv6 is Up on a kernel that has no IPv6.
func UpWithoutIPv6(ctx context.Context, o Options) (*Lab, error) { return up(ctx, o, false) }
