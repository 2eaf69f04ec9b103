public import PipeCore

extension KafkaConfiguration: RunnableSource {
    public static var virtualColumns: [VirtualColumn] {
        [
            VirtualColumn("_key", "String"), VirtualColumn("_timestamp", "DateTime64(3)"), VirtualColumn("_partition", "Int32"),
            VirtualColumn("_offset", "Int64"), VirtualColumn("_topic", "String"), VirtualColumn("_header_keys", "Array(String)"),
            VirtualColumn("_header_values", "Array(String)"), VirtualColumn("_raw_message", "String"),
        ]
    }

    public var needsDeduplication: Bool { exactlyOnce == true }

    public func makeSource(_ context: SourceContext) throws -> KafkaSource {
        if let gap = gaps.first { throw PipeError("SOURCE_NOT_SUPPORTED", .user, side: .source, "\(gap.field) \(gap.message)") }
        return KafkaSource(self, context: context, mint: try tokenMint(session: context.pipe.rawValue))
    }

    /// What the contract knows and this build does not have yet.
    private var gaps: [Finding] {
        guard authentication == .workloadIdentity else { return [] }
        return [
            Finding(
                .failure, Self.path["authentication"],
                "is SERVICE_ACCOUNT_WORKLOAD_IDENTITY, which this build does not support yet; use PLAIN or MUTUAL_TLS")
        ]
    }

    /// Connects as the pipe would, and asks for the topics and for the group.
    public func probe(_ context: ProbeContext) async -> [Finding] {
        if !gaps.isEmpty { return gaps }
        async let format = probeFormat()
        let brokers = await probeBrokers()
        return brokers + (await format)
    }

    private func probeBrokers() async -> [Finding] {
        do {
            var properties = KafkaProperties(connecting: self, client: "penstock-probe")
            properties.join(group: consumerGroup ?? "clickpipes-probe")
            let link = KafkaLink(client: try KafkaClient(properties), mint: try tokenMint(session: "probe"))
            return try await link.attending {
                var findings: [Finding] = []
                for topic in topicNames {
                    do {
                        _ = try await link.client.partitions(of: topic)
                    } catch let fault as KafkaFault where !fault.isConnectionLoss {
                        findings.append(finding(fault, topic: topic))
                    }
                }
                do {
                    _ = try await link.client.committed([TopicPartition(topicNames.first ?? "", 0)])
                } catch let fault as KafkaFault where !fault.isConnectionLoss && !fault.isMissingTopic {
                    findings.append(finding(fault))
                }
                return findings
            }
        } catch let fault as KafkaFault {
            return [finding(fault)]
        } catch let error as PipeError {
            return [Finding(.failure, Self.path["authentication"], error.message)]
        } catch {
            return [Finding(.failure, Self.path["brokers"], "failed to access \(brokers): the check was stopped")]
        }
    }

    private func finding(_ fault: KafkaFault, topic: String? = nil) -> Finding {
        Finding(.failure, Self.path[fault.field], fault.pipeError(brokers, topic: topic).message)
    }
}
