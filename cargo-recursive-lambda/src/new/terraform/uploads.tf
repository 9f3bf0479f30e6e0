# From the upload to the queue.

resource "aws_s3_bucket" "uploads" {
  bucket = local.uploads_name
}

resource "aws_s3_bucket_public_access_block" "uploads" {
  bucket                  = aws_s3_bucket.uploads.bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_notification" "uploads" {
  bucket     = aws_s3_bucket.uploads.bucket
  depends_on = [aws_sns_topic_policy.topic_takes_uploads]

  topic {
    topic_arn = aws_sns_topic.topic.arn
    events    = ["s3:ObjectCreated:*"]
  }
}

resource "aws_sns_topic" "topic" {
  name = "${var.name}-uploads"
}

resource "aws_sns_topic_policy" "topic_takes_uploads" {
  arn    = aws_sns_topic.topic.arn
  policy = data.aws_iam_policy_document.topic_takes_uploads.json
}

data "aws_iam_policy_document" "topic_takes_uploads" {
  statement {
    effect    = "Allow"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.topic.arn]

    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.uploads_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_sqs_queue" "queue" {
  name                       = "${var.name}-uploads"
  visibility_timeout_seconds = 10800

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.undelivered_uploads.arn
    maxReceiveCount     = 5
  })
}

resource "aws_sqs_queue" "undelivered_uploads" {
  name                      = "${var.name}-undelivered-uploads"
  message_retention_seconds = 1209600
}

resource "aws_sqs_queue_policy" "queue_takes_topic" {
  queue_url = aws_sqs_queue.queue.url
  policy    = data.aws_iam_policy_document.queue_takes_topic.json
}

data "aws_iam_policy_document" "queue_takes_topic" {
  statement {
    effect    = "Allow"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.queue.arn]

    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_sns_topic.topic.arn]
    }
  }
}

resource "aws_sns_topic_subscription" "subscription" {
  topic_arn = aws_sns_topic.topic.arn
  protocol  = "sqs"
  endpoint  = aws_sqs_queue.queue.arn
}
