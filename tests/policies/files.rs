//! Manifests: several documents, what is warned about, what is refused and why.

use super::{demand, problems, scaled_object_text, warnings};

const HPA: &str = "\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: shop
spec:
  scaleTargetRef: {kind: Deployment, name: shop}
  minReplicas: 2
  maxReplicas: 9
  metrics:
    - type: External
      external:
        metric: {name: demand}
        target: {type: AverageValue, averageValue: 10}
  behavior:
    scaleDown:
      policies: [{type: Pods, value: 1, periodSeconds: 60}]
";

fn refused(good: &str, from: &str, to: &str, words: &[&str]) {
    assert!(good.contains(from), "{from}");
    let found = problems(&good.replacen(from, to, 1));
    for word in words {
        assert!(found.contains(word), "`{to}` should say {word}: {found}");
    }
}

#[test]
fn an_autoscaler_says_what_is_wrong_at_its_line() {
    assert_eq!(problems(HPA), "");
    refused(HPA, "kind: Horizontal", "kind: Horizontl", &["p.yaml:2:7", "did you mean"]);
    refused(HPA, "autoscaling/v2", "autoscaling/v3", &["p.yaml:1:13", "autoscaling/v2"]);
    refused(HPA, "minReplicas: 2", "minReplicas: 10", &["p.yaml:7:16", "above maxReplicas 9"]);
    refused(HPA, "maxReplicas: 9", "maxReplicas: 0", &["p.yaml:8:16", "whole number from 1"]);
    refused(HPA, "maxReplicas: 9", "maxReplica: 9", &["p.yaml:6:3", "`maxReplicas`"]);
    refused(HPA, "averageValue: 10", "averageValue: 0", &["p.yaml:13:52", "above 0"]);
    refused(HPA, "averageValue: 10", "averageValue: ten", &["`ten`", "quantity"]);
    refused(HPA, "type: AverageValue", "type: Utilization", &["Value or AverageValue"]);
    refused(HPA, "type: External", "type: Externl", &["did you mean `External`?"]);
    refused(HPA, "type: External", "type: Pods", &["no `pods`"]);
    refused(HPA, "value: 1,", "value: 0,", &["behavior/scaleDown/policies/0/value"]);
    refused(HPA, "periodSeconds: 60", "periodSeconds: 9999", &["from 1 to 1800"]);
    refused(HPA, "[{type: Pods, value: 1, periodSeconds: 60}]", "[]", &["no policy"]);
    refused(HPA, "name: shop\nspec", "nam: shop\nspec", &["`name`"]);
}

#[test]
fn a_scaled_object_is_refused_with_kedas_reason() {
    let text = |spec: &str, settings: &str| scaled_object_text("", spec, &[settings]);
    for (spec, settings, word) in [
        ("", "allowIdleConsumers: true, limitToPartitionsWithLag: true", "cannot be set simult"),
        (
            "",
            "limitToPartitionsWithLag: true, ensureEvenDistributionOfPartitions: true",
            "limitToPartitionsWithLag and ensureEvenDistributionOfPartitions cannot",
        ),
        ("", "lagThreshold: 0", "positive"),
        ("", "lagThreshold: -1", "found `-1`"),
        ("", "activationLagThreshold: -1", "found `-1`"),
        ("", "offsetResetPolicy: none", "one of latest, earliest"),
        ("", "partitionLimitation: 1-x", "1,2,10-12"),
        ("  minReplicaCount: 5\n  maxReplicaCount: 4\n", "", "5 above maxReplicaCount 4"),
        ("  idleReplicaCount: 0\n", "", "IdleReplicaCount must be less than MinReplicaCount"),
        ("  cooldownPeriod: -5\n", "", "cooldownPeriod: found `-5`"),
        ("  pollingInterval: 0\n", "", "pollingInterval: found `0`"),
        ("  fallback: {failureThreshold: -1, replicas: 1}\n", "", "failureThreshold"),
        ("  fallback: {failureThreshold: 1, replicas: 1, behavior: statc}\n", "", "`static`"),
        ("  advanced: {scalingModifiers: {formula: a}}\n", "", "not simulated yet"),
    ] {
        let found = problems(&text(spec, settings));
        assert!(found.contains(word) && found.contains("p.yaml:"), "{word}: {found}");
    }
    let good = text("", "");
    assert_eq!(problems(&good), "");
    for (from, to, word) in [
        ("topic: t", "limitToPartitionsWithLag: true", "topic must be specified when using limit"),
        (
            "topic: t",
            "ensureEvenDistributionOfPartitions: true",
            "topic must be specified when using ensureEven",
        ),
        ("topic: t", "fullMetadata: false", "topic must be specified when fullMetadata is false"),
        ("type: kafka", "type: cpu", "one of kafka, apache-kafka"),
        ("kind: ScaledObject", "kind: ScaledJob", "ScaledObject"),
        ("keda.sh/v1alpha1", "keda.sh/v1", "keda.sh/v1alpha1"),
        ("consumerGroup: g, ", "", "consumerGroup"),
    ] {
        refused(&good, from, to, &[word]);
    }
    let none = good.split("  triggers:").next().expect("a head").to_owned();
    assert!(problems(&none).contains("`triggers`"));
    assert!(problems(&format!("{none}  triggers: []\n")).contains("no trigger"));
    let paused = scaled_object_text("autoscaling.keda.sh/paused-replicas: x", "", &[""]);
    assert!(problems(&paused).contains("a number of replicas"));
}

#[test]
fn unknown_keys_are_warned_about_and_other_documents_passed_over() {
    let text = HPA.replace("  minReplicas", "  minReplica: 3\n  minReplicas");
    let found = warnings(&text);
    assert!(found.contains("p.yaml:7:3") && found.contains("`minReplica`"), "{found}");
    let several = format!("---\nkind: Deployment\nspec: {{}}\n---\n{HPA}---\n");
    assert!(warnings(&several).contains("p.yaml:2:7: kind: found `Deployment`"));
    assert!(problems("kind: Deployment\n").contains("HorizontalPodAutoscaler"));
    assert!(problems("kind: Deployment\n---\nkind: Service\n").contains("no policy"));
    let two = format!("kind: Deployment\n---\n{}", HPA.replace("kind: H", "kind: J"));
    assert!(problems(&two).contains("did you mean `HorizontalPodAutoscaler`?"));
    assert!(demand(1).contains("demand"));
}

#[test]
fn older_and_shorter_autoscalers_are_read() {
    let v1 = "apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}\n\
        spec: {scaleTargetRef: {name: a}, maxReplicas: 3, targetCPUUtilizationPercentage: 70}\n";
    assert_eq!(problems(v1), "");
    assert_eq!(warnings(v1), "");
    let bare = v1.replace(", targetCPUUtilizationPercentage: 70", "").replace("/v1", "/v2");
    assert_eq!(problems(&bare), "");
}
