import Catalog
import FoundationEssentials
import PipeCore
import PipeTesting
import Testing

@Suite struct SQLiteCheckpointStoreTests {
    @Test(arguments: CheckpointStoreContract.Rule.allCases)
    func contract(_ rule: CheckpointStoreContract.Rule) async throws {
        try await withCatalogFile { file in
            let catalog = try file.open()
            try await catalog.create(Example.service())
            let pipes = (1...2).map { Example.pipe($0) }
            for pipe in pipes { try await catalog.create(pipe) }
            try await CheckpointStoreContract(store: catalog, pipe: pipes[0].id, other: pipes[1].id).verify(rule)
        }
    }
}
