//! What the suites share: a gateway in process, farms of silos, a scripted connector, servers.
