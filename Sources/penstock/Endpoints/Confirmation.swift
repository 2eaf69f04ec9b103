import ArgumentParser
import Glibc

/// The question before anything is changed.
enum Confirmation {
    /// Throws unless the user agrees, or has agreed beforehand.
    static func require(yes: Bool) throws {
        if yes { return }
        guard isatty(STDIN_FILENO) == 1 else {
            standardError("error: nothing was changed: there is no terminal to ask on; say --yes")
            throw ExitCode.failure
        }
        print("Apply this plan? Only 'yes' is taken as one: ", terminator: "")
        flushStandardOutput()
        guard readLine() == "yes" else {
            standardError("nothing was changed")
            throw ExitCode.failure
        }
    }
}

/// A line for people who read the program's errors.
func standardError(_ line: String) {
    let bytes = Array("\(line)\n".utf8)
    var written = 0
    while written < bytes.count {
        let count = bytes[written...].withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        guard count > 0 else { return }
        written += count
    }
}
