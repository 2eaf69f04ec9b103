/// Programs that are written into the data directory to start the server.
package enum LauncherText {
    /// Becomes the server (same process id) and leaves behind a watcher that waits for the end of standard input and then stops the
    /// server. The pipe from Penstock closes when Penstock wants the server to stop and when Penstock ends, however it ends. Nobody else
    /// sends SIGTERM: on a second one ClickHouse ends at once, without flushing. Before a signal the watcher checks that the process is
    /// still a server of this configuration file. Arguments: configuration file, command, its arguments.
    package static let shell = """
        #!/bin/sh
        config=$1
        shift
        exec 3<&0
        (
            cat <&3 >/dev/null
            ours() { tr '\\0' '\\n' <"/proc/$$/cmdline" 2>/dev/null | grep -qxF -- "--config-file=$config"; }
            ours && kill -TERM $$
            seconds=0
            while [ $seconds -lt 25 ] && ours; do sleep 1; seconds=$((seconds + 1)); done
            ours && kill -KILL $$
        ) >/dev/null 2>&1 &
        exec "$@" </dev/null 3<&-

        """

    /// Enters the ClickHouse server inside the chdb wheel. The wheel of version 3.7.2 exports the entry point; newer ones hide it.
    package static let chdb = """
        import ctypes, glob, importlib.util, os, sys

        spec = importlib.util.find_spec("chdb")
        if spec is None or spec.origin is None:
            sys.exit("no chdb in this Python; install it with: pip install chdb==3.7.2")
        libraries = glob.glob(os.path.join(os.path.dirname(spec.origin), "_chdb.abi3.so"))
        try:
            entry = ctypes.CDLL(libraries[0])["_Z25mainEntryClickHouseServeriPPc"]
        except (IndexError, AttributeError):
            sys.exit("this chdb has no server entry point; install the right version with: pip install chdb==3.7.2")
        arguments = [b"clickhouse-server"] + [os.fsencode(a) for a in sys.argv[1:]]
        sys.exit(entry(len(arguments), (ctypes.c_char_p * (len(arguments) + 1))(*arguments, None)))

        """
}
