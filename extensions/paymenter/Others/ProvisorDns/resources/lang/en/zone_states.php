<?php

declare(strict_types=1);

return [
    'creating' => 'Being set up',
    'active' => 'Active',
    'failed' => 'Failed',
    'deleting' => 'Being deleted',
    'deleted' => 'Deleted',
];
