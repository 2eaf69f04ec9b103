internal import FoundationEssentials

/// A folder with one `.sql` file for each endpoint; folders inside it count, hidden ones do not.
package enum EndpointFolder {
    /// - Throws: ``InvalidFiles`` with everything wrong with all files.
    package static func read(_ path: String, environment: [String: String]) throws(InvalidFiles) -> [EndpointFile] {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder else {
            throw InvalidFiles(problems: [FileProblem(path, line: 1, "is not a folder")])
        }
        var files: [EndpointFile] = []
        var problems: [FileProblem] = []
        var names: [String] = []
        collect(in: path, prefix: "", into: &names)
        for name in names.sorted() {
            let file = "\(path.hasSuffix("/") ? String(path.dropLast()) : path)/\(name)"
            guard let data = FileManager.default.contents(atPath: file), let text = String(validating: data, as: UTF8.self) else {
                problems.append(FileProblem(file, line: 1, "cannot be read as UTF-8 text"))
                continue
            }
            let defaultName = String((name.split(separator: "/").last ?? "").dropLast(".sql".count))
            do throws(InvalidFiles) {
                files.append(try EndpointFile(text, file: file, defaultName: defaultName, environment: environment))
            } catch { problems += error.problems }
        }
        problems += repeated(files)
        if !problems.isEmpty { throw InvalidFiles(problems: problems) }
        return files
    }

    private static func collect(in folder: String, prefix: String, into names: inout [String]) {
        for entry in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] where !entry.hasPrefix(".") {
            var isFolder = false
            guard FileManager.default.fileExists(atPath: "\(folder)/\(entry)", isDirectory: &isFolder) else { continue }
            if isFolder {
                // A link may lead around in a circle.
                let isLink = (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(entry)")) != nil
                if !isLink { collect(in: "\(folder)/\(entry)", prefix: "\(prefix)\(entry)/", into: &names) }
            } else if entry.hasSuffix(".sql"), entry != ".sql" {
                names.append("\(prefix)\(entry)")
            }
        }
    }

    private static func repeated(_ files: [EndpointFile]) -> [FileProblem] {
        var problems: [FileProblem] = []
        var byName: [String: String] = [:]
        var byID: [String: String] = [:]
        for file in files {
            if let other = byName.updateValue(file.file, forKey: file.name) {
                problems.append(FileProblem(file.file, line: file.nameLine, "the name '\(file.name)' is that of \(other) too"))
            }
            if let id = file.id, let other = byID.updateValue(file.file, forKey: id) {
                problems.append(FileProblem(file.file, line: file.idLine, "the id \(id) is that of \(other) too"))
            }
        }
        return problems
    }
}
